// A libFuzzer target: any JSON for any message of the tree, and any message as JSON. The first byte chooses the record.
//
// What is taken must come back: a request's words, as JSON and read again, are the same words. In encoding 3 a value may
// be written in several ways, and what is written again is the same JSON. EFT_INTERFACES in the environment names the
// file of descriptors.
#include <monitor/rpc/reply.h>
#include <monitor/rpc/request.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace eft;
using monitor::Message;

namespace {

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzz_json: %s\n", what);
    std::abort();
}

// As the build has packed them, every capability one to memory, the only kind that JSON can ask for.
std::string read_interfaces() {
    const char* path = std::getenv("EFT_INTERFACES");
    require(path != nullptr, "EFT_INTERFACES names no file");
    std::ifstream file(path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    require(monitor::Catalogue::open(std::as_bytes(std::span(bytes))).ok(), "EFT_INTERFACES is no file of descriptors");
    descriptor::InterfacesT all;
    descriptor::GetInterfaces(bytes.data())->UnPackTo(&all);
    for (auto& record : all.records)
        for (auto& field : record->fields)
            if (field->type->shape == descriptor::Shape::Cap) field->cap_kind = "memory", field->cap_service.clear();
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(descriptor::Interfaces::Pack(builder, &all));
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

struct Everything {
    std::string bytes = read_interfaces();
    monitor::Catalogue catalogue = *monitor::Catalogue::open(std::as_bytes(std::span(bytes)));
    std::vector<const descriptor::Record*> messages;

    Everything() {
        for (const descriptor::Service* service : catalogue.services())
            for (const descriptor::Method* method : *service->methods())
                for (const auto* name : {method->request(), method->response()})
                    messages.push_back(catalogue.record(monitor::text(name)));
    }
};

std::string with_memory(std::string json) {
    constexpr std::string_view kDropped = "\"capability to memory, dropped\"";
    for (std::size_t at; (at = json.find(kDropped)) != json.npos;) json.replace(at, kDropped.size(), "{\"bytes\":1}");
    return json;
}

bool same(const Message& a, const Message& b) {
    return a.word_count == b.word_count && a.cap_count == b.cap_count && std::equal(a.words.begin(), a.words.begin() + a.word_count, b.words.begin());
}

// Reads what was written of `message`. Encoding 3: all fields are there now, and what two tables shared is there twice, so
// that it may need more room than there is.
void require_again(const monitor::Catalogue& catalogue, const descriptor::Record& record, const Message& message, const std::string& written, bool same_words) {
    const std::string text = with_memory(written);
    monitor::RequestReader reader(catalogue, text);
    const Result<Message> again = reader.read(record);
    if (record.is_flatbuffer() && reader.complaint().find(": all of it takes ") != std::string::npos) return;
    require(again.ok(), "what was written is no JSON of this message");
    monitor::ReplyWriter writer(catalogue, *again);
    if (same_words && !record.is_flatbuffer()) require(same(message, *again), "what was written is read as something else");
    if (record.is_flatbuffer()) require(writer.write(record).value_or("") == written, "what was written is read as something else");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Everything all;
    if (size < 2) return 0;
    const descriptor::Record& record = *all.messages[data[0] % all.messages.size()];

    // The rest as JSON.
    const std::string_view json(reinterpret_cast<const char*>(data + 1), size - 1);
    monitor::RequestReader reader(all.catalogue, json);
    const Result<Message> request = reader.read(record);
    require(request.ok() == reader.complaint().empty(), "a refusal without a reason, or a reason without a refusal");
    if (request.ok()) {
        monitor::ReplyWriter writer(all.catalogue, *request);
        const Result<std::string> written = writer.write(record);
        require(written.ok(), "what was read cannot be written");
        require_again(all.catalogue, record, *request, *written, true);
    }

    // The rest as the words of a reply.
    Message reply;
    reply.word_count = static_cast<unsigned>(std::min<std::size_t>((size - 1) / sizeof(u64), kMaxWords));
    reply.cap_count = record.caps();
    std::memcpy(reply.words.data(), data + 1, reply.word_count * sizeof(u64));
    monitor::ReplyWriter writer(all.catalogue, reply);
    const Result<std::string> written = writer.write(record);
    require(written.ok() == writer.complaint().empty(), "a malformed reply without a reason, or the reverse");
    if (!written.ok()) return 0;
    for (const char c : *written) require(static_cast<unsigned char>(c) >= ' ' && c != 0x7f, "a control character for the terminal");
    require_again(all.catalogue, record, reply, *written, false);
    return 0;
}
