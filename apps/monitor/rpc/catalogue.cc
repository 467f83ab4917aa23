#include "monitor/rpc/catalogue.h"

#include <eft/text.h>

namespace eft::monitor {
namespace {

template <class Vector>
auto find_named(const Vector& all, std::string_view name) -> decltype(all.Get(0)) {
    for (const auto each : all)
        if (text(each->name()) == name) return each;
    return nullptr;
}

}  // namespace

Result<Catalogue> Catalogue::open(std::span<const std::byte> bytes) {
    flatbuffers::Verifier verifier(reinterpret_cast<const u8*>(bytes.data()), bytes.size());
    if (!descriptor::VerifyInterfacesBuffer(verifier)) return Error::BadFormat;
    return Catalogue(descriptor::GetInterfaces(bytes.data()));
}

const descriptor::Service* Catalogue::service(u16 id) const {
    for (const descriptor::Service* each : services())
        if (each->id() == id) return each;
    return nullptr;
}

const descriptor::Service* Catalogue::service(std::string_view name) const {
    for (const descriptor::Service* each : services())
        if (text(each->name()) == name || short_name(text(each->name())) == name) return each;
    return nullptr;
}

const descriptor::Record* Catalogue::record(std::string_view full_name) const {
    return find_named(*all_->records(), full_name);
}

const descriptor::Enum* Catalogue::enumeration(std::string_view full_name) const {
    return find_named(*all_->enums(), full_name);
}

const descriptor::Method* Catalogue::method(const descriptor::Service& service, u16 ordinal) const {
    for (const descriptor::Method* each : *service.methods())
        if (each->ordinal() == ordinal) return each;
    return nullptr;
}

const descriptor::Method* Catalogue::method(const descriptor::Service& service, std::string_view name) const {
    return find_named(*service.methods(), name);
}

std::string Catalogue::label_name(u32 label) const {
    if (label == 0) return "WhatIsThere";  // which interfaces are there: <eft/ipc/describe.h>
    const u16 interface = static_cast<u16>(label >> 16), ordinal = static_cast<u16>(label);
    const descriptor::Service* known = service(interface);
    const descriptor::Method* found = known ? method(*known, ordinal) : nullptr;
    FixedText<128> name;
    if (known) name.append(short_name(text(known->name())));
    else name.append("interface ").decimal(interface);
    name.append('.');
    if (found) name.append(text(found->name()));
    else if (ordinal == 0) name.append("Describe");
    else name.append("method ").decimal(ordinal);
    return std::string(name.view());
}

}  // namespace eft::monitor
