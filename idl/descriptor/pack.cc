// eft-describe: packs the descriptors of many interfaces into one (descriptor.fbs).
//
//   eft-describe OUTPUT FILE…
//
// Status 0: written. 1: a file is no descriptor, or two declare the same. 2: wrong use, or a file cannot be written.
#include <descriptor_generated.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace {

using namespace eft::descriptor;

int fail(const std::string& what, int status) {
    std::fprintf(stderr, "eft-describe: %s\n", what.c_str());
    return status;
}

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

// By name. Answers one that stands twice, or nothing.
template <class T>
std::string sort(std::vector<T>& all) {
    std::sort(all.begin(), all.end(), [](const T& a, const T& b) { return a->name < b->name; });
    auto twice = std::adjacent_find(all.begin(), all.end(), [](const T& a, const T& b) { return a->name == b->name; });
    return twice == all.end() ? "" : (*twice)->name;
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) return fail("usage: eft-describe OUTPUT FILE…", 2);
    InterfacesT all;
    for (int i = 2; i < count; ++i) {
        std::ifstream file(words[i], std::ios::binary);
        std::string bytes((std::istreambuf_iterator<char>(file)), {});
        flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        if (!VerifyInterfacesBuffer(verifier)) return fail(std::string(words[i]) + " is no descriptor", 1);
        InterfacesT one;
        GetInterfaces(bytes.data())->UnPackTo(&one);
        append(all.services, one.services);
        append(all.records, one.records);
        append(all.enums, one.enums);
    }
    for (const std::string& twice : {sort(all.services), sort(all.records), sort(all.enums)})
        if (!twice.empty()) return fail(twice + " is declared in two schemas", 1);
    std::map<unsigned, std::string> ids;
    for (const auto& service : all.services)
        if (auto [other, is_new] = ids.emplace(service->id, service->name); !is_new)
            return fail(service->name + " has the id of " + other->second, 1);

    flatbuffers::FlatBufferBuilder builder;
    FinishInterfacesBuffer(builder, Interfaces::Pack(builder, &all));
    std::ofstream output(words[1], std::ios::binary);
    output.write(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
    return output.flush() ? 0 : fail(std::string(words[1]) + " cannot be written", 2);
}
