// From JSON to a request. What the schema does not know or does not allow is refused here, with its place in the text,
// before anything is sent.
//
// A member that is absent has its default. Numbers are whole numbers; an enum is one of its names (of bit flags several,
// with blanks between) or a number; a vector of ubyte may be a string; a floating-point number is its bits, "0x3f800000"; a
// union is an object whose one member names the case. A capability can only be to a new memory object: {"bytes": 4096}.
#pragma once

#include "monitor/rpc/catalogue.h"
#include "monitor/rpc/message.h"

#include <eft/json.h>

#include <vector>

namespace eft::monitor {

class RequestReader {
public:
    RequestReader(const Catalogue& catalogue, std::string_view json) : catalogue_(catalogue), json_(json) {}

    // BadFormat: complaint() says why.
    Result<Message> read(const descriptor::Record& record);
    const std::string& complaint() const { return json_.complaint(); }

private:
    using Field = descriptor::Field;
    using Type = descriptor::Type;
    using Bytes = std::span<std::byte>;

    Status member(const descriptor::Record& record, const Field& field, Message& message);
    Status capability(const Field& field, Message& message);
    Status float_bits(const Type& type, u64 absent, Bytes to);
    // Encoding 3 (request_flat.cc). What they add is named by its place, as the library has it; 0: it is absent.
    struct Part;
    Status flatbuffer(const descriptor::Record& record, Message& message);
    Result<u32> flat_table(const descriptor::Record& record);
    Status flat_part(Part& part);
    Result<u32> flat_vector(const Field& field);
    Result<u32> flat_union(const Field& field, u64& kind);
    Result<u32> flat_string(u32 max);
    Status elements(const Field& field, std::string& to);
    Status value(const Type& type, u64 absent, Bytes to);
    Status structure(const Type& type, Bytes to);
    Status array(const Type& type, Bytes to);
    Status enumeration(const Type& type, u64 absent, Bytes to);
    Result<u64> flags(const descriptor::Enum& type);
    Result<u64> integer(const Type& type);
    Result<u64> number_of(const descriptor::Enum& type, const Type& underlying);
    Result<const Field*> next_field(const descriptor::Record& record, std::vector<bool>& seen);
    Status check_caps(const descriptor::Record& record, const std::vector<bool>& seen, Message& message);
    Status append_tail(const descriptor::Record& record, Message& message);
    Result<Bytes> part(Bytes of, std::size_t offset, std::size_t size);

    // Behind the name of the field whose value was read last.
    template <class... Parts>
    Error refuse(const Parts&... parts);
    template <class Read>
    Status within(std::string_view name, Read read);

    const Catalogue& catalogue_;
    JsonReader json_;
    std::string path_;                // of the value being read: "match.index"
    std::vector<std::string> tails_;  // by field: the bytes of strings and vectors
    flatbuffers::FlatBufferBuilder builder_;
    unsigned depth_ = 0;
};

template <class... Parts>
Error RequestReader::refuse(const Parts&... parts) {
    std::string what = path_.empty() ? "" : path_ + ": ";
    (what.append(parts), ...);
    return json_.refuse(what);
}

template <class Read>
Status RequestReader::within(std::string_view name, Read read) {
    const std::size_t length = path_.size();
    path_.append(path_.empty() ? "" : ".").append(name);
    EFT_CHECK(read());
    path_.resize(length);
    return {};
}

}  // namespace eft::monitor
