// What the system's interfaces look like: the descriptors that idlc wrote (idl/descriptor/descriptor.fbs), verified.
#pragma once

#include <eft/abi/result.h>
#include <eft/abi/types.h>

#include <descriptor_generated.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace eft::monitor {

inline std::string_view text(const flatbuffers::String* string) {
    return string ? string->string_view() : std::string_view();
}
// eft.block.Read -> Read
constexpr std::string_view short_name(std::string_view full) { return full.substr(full.rfind('.') + 1); }

class Catalogue {
public:
    // BadFormat: the bytes are no descriptors. They stay the caller's.
    static Result<Catalogue> open(std::span<const std::byte> bytes);

    const flatbuffers::Vector<flatbuffers::Offset<descriptor::Service>>& services() const { return *all_->services(); }
    // Null: unknown.
    const descriptor::Service* service(u16 id) const;
    // By its full name, or by the part behind the last dot.
    const descriptor::Service* service(std::string_view name) const;
    const descriptor::Record* record(std::string_view full_name) const;
    const descriptor::Enum* enumeration(std::string_view full_name) const;
    const descriptor::Method* method(const descriptor::Service& service, u16 ordinal) const;
    const descriptor::Method* method(const descriptor::Service& service, std::string_view name) const;

    // Of a request's label: "Block.Attach"; numbers for what nobody knows.
    std::string label_name(u32 label) const;

private:
    explicit Catalogue(const descriptor::Interfaces* all) : all_(all) {}

    const descriptor::Interfaces* all_;
};

}  // namespace eft::monitor
