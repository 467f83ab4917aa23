#include "interfaces.h"

#include <eft/json.h>
#include <monitor/rpc/types.h>

#include <fstream>
#include <iterator>

namespace eft::test {
namespace {

using descriptor::Shape;
using monitor::text;

class Generator {
public:
    Generator(const monitor::Catalogue& catalogue, Random& random) : catalogue_(catalogue), random_(random) {}

    std::string record(const descriptor::Record& record, bool whole) {
        std::string json = "{";
        for (const descriptor::Field* field : *record.fields()) {
            const bool must = field->required() || whole;
            const bool deep = depth_ > 2 && (field->type()->shape() == Shape::Table || field->type()->shape() == Shape::Union);
            if (field->deprecated() || (!must && (deep || random_() % 8 == 0))) continue;
            json += (json.size() > 1 ? ", \"" : "\"") + field->name()->str() + "\": " + member(*field);
        }
        return json + "}";
    }

private:
    std::string member(const descriptor::Field& field) {
        const descriptor::Type& type = *field.type();
        if (field.nullable() && random_() % 3 == 0) return "null";
        switch (type.shape()) {
            case Shape::Table: return nested(text(type.named()));
            case Shape::Union: {
                const auto& cases = *catalogue_.enumeration(text(type.named()))->values();
                const auto* which = cases.Get(1 + static_cast<unsigned>(random_() % (depth_ > 1 ? 2 : cases.size() - 1)));
                return "{\"" + which->name()->str() + "\": " + nested(text(which->record())) + "}";
            }
            case Shape::Cap: return "{\"bytes\": 4096}";
            case Shape::String: return string(random_() % 3 == 0 ? field.max() : random_() % (field.max() + 1));
            case Shape::Vector: {
                const Shape element = type.element()->shape();
                const std::size_t most = element == Shape::Table ? (depth_ > 1 ? 0 : 2) : depth_ > 1 ? 1 : field.max();
                if (element == Shape::String) return strings(most, field.max_each());
                return array(*type.element(), random_() % 3 == 0 ? most : random_() % (most + 1));
            }
            default: return value(type);
        }
    }

    std::string string(std::size_t length) {
        std::string bytes(length, '\0');
        for (char& each : bytes) each = static_cast<char>(random_() % 4 == 0 ? random_() : 'a' + random_() % 26);
        std::string json;
        append_json_string(json, bytes);
        return json;
    }

    std::string nested(std::string_view name) {
        ++depth_;
        const std::string json = record(*catalogue_.record(name), false);
        --depth_;
        return json;
    }

    std::string strings(std::size_t count, std::size_t each) {
        std::string json = "[";
        for (std::size_t i = 0; i < count; ++i) json += (i == 0 ? "" : ",") + string(random_() % (each + 1));
        return json + "]";
    }

    std::string array(const descriptor::Type& element, std::size_t count) {
        std::string json = "[";
        for (std::size_t i = 0; i < count; ++i) json += (i == 0 ? "" : ",") + value(element);
        return json + "]";
    }

    std::string value(const descriptor::Type& type) {
        switch (type.shape()) {
            case Shape::Bool: return random_() % 2 ? "true" : "false";
            case Shape::Integer: return integer(type);
            case Shape::Float: {
                char bits[24];
                std::snprintf(bits, sizeof(bits), "\"0x%llx\"", static_cast<unsigned long long>(type.size() == 4 ? random_() & 0xffff'ffff : random_()));
                return bits;
            }
            case Shape::Table: return nested(text(type.named()));
            case Shape::Enum: return enumeration(*catalogue_.enumeration(text(type.named())));
            case Shape::Struct: return record(*catalogue_.record(text(type.named())), true);
            case Shape::Area: return "{\"offset\": " + std::to_string(random_() % 1000) + ", \"length\": " + std::to_string(random_() % 1000) + "}";
            case Shape::Array: return array(*type.element(), type.length());
            default: throw std::runtime_error("what is that?");
        }
    }

    std::string integer(const descriptor::Type& type) {
        const monitor::IntegerRange range = monitor::range_of(type.size(), type.is_signed());
        const bool negative = type.is_signed() && random_() % 2;
        const u64 most = negative ? range.lowest : range.highest;
        const u64 magnitude = random_() % 4 == 0 ? most : most == ~u64{0} ? random_() : random_() % (most + 1);
        return (negative && magnitude != 0 ? "-" : "") + std::to_string(magnitude);
    }

    std::string enumeration(const descriptor::Enum& type) {
        if (type.bit_flags()) {
            std::string names;
            for (const descriptor::Enumerator* each : *type.values())
                if (random_() % 2) names += each->name()->str() + " ";
            return "\"" + names + "\"";
        }
        return "\"" + type.values()->Get(static_cast<unsigned>(random_() % type.values()->size()))->name()->str() + "\"";
    }

    const monitor::Catalogue& catalogue_;
    Random& random_;
    unsigned depth_ = 0;
};

}  // namespace

std::string read_interfaces() {
    std::ifstream file(EFT_INTERFACES, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string interfaces_with_memory() {
    const std::string bytes = read_interfaces();
    descriptor::InterfacesT all;
    descriptor::GetInterfaces(bytes.data())->UnPackTo(&all);
    for (auto& record : all.records)
        for (auto& field : record->fields)
            if (field->type->shape == Shape::Cap) field->cap_kind = "memory", field->cap_service.clear();
    flatbuffers::FlatBufferBuilder builder;
    descriptor::FinishInterfacesBuffer(builder, descriptor::Interfaces::Pack(builder, &all));
    return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

std::string random_json(const monitor::Catalogue& catalogue, const descriptor::Record& record, Random& random) {
    const bool whole = record.required_caps() != 0 || random() % 2;
    return Generator(catalogue, random).record(record, whole);
}

}  // namespace eft::test
