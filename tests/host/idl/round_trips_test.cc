// No message is without a round trip: what the descriptors of idl/ have is what the generated tests of this program check.
#include <doctest/doctest.h>

#include <descriptor_generated.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace {

// As this program lists them.
std::set<std::string> test_cases() {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    std::FILE* list = popen((self + " --list-test-cases").c_str(), "r");
    REQUIRE(list);
    std::set<std::string> names;
    char line[512];
    while (std::fgets(line, sizeof(line), list)) names.insert(std::string(line, std::string_view(line).find('\n')));
    REQUIRE(pclose(list) == 0);
    return names;
}

}  // namespace

TEST_CASE("every table of every interface makes round trips, those of events among them") {
    std::ifstream file(EFT_INTERFACES, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    REQUIRE(eft::descriptor::VerifyInterfacesBuffer(verifier));
    const std::set<std::string> known = test_cases();
    unsigned tables = 0, events = 0;
    for (const auto* record : *eft::descriptor::GetInterfaces(bytes.data())->records()) {
        const std::string name = record->name()->str();
        if (record->is_struct()) continue;
        CHECK_MESSAGE(known.contains(name + " makes round trips"), name);
        ++tables;
        events += name.ends_with("Event");
    }
    CHECK(tables > 50);
    CHECK(events > 0);
}
