#include "load.h"

#include <flatbuffers/reflection.h>

#include <algorithm>
#include <cstdio>

namespace idlc {
namespace {

Name split_name(const std::string& full) {
    auto dot = full.rfind('.');
    if (dot == std::string::npos) return {"", full};
    return {full.substr(0, dot), full.substr(dot + 1)};
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The code point that begins at `at`, and the bytes that it takes; U+FFFD and 1 where there is no UTF-8.
std::pair<std::uint32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const std::uint32_t first = byte(at);
    if (first < 0x80) return {first, 1};
    const std::size_t size = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : 2;
    std::uint32_t value = first & (0x7fu >> size);
    bool valid = first >= 0xc2 && first < 0xf5;
    for (std::size_t i = 1; i < size; ++i) {
        valid &= (byte(at + i) & 0xc0) == 0x80;
        value = value << 6 | (byte(at + i) & 0x3f);
    }
    return valid ? std::pair(value, size) : std::pair(std::uint32_t{0xfffd}, std::size_t{1});
}

// A comment goes into sources, pages and terminals. What would change how the text around it is read is written out
// there: control characters, marks of direction, and bytes that are no UTF-8.
std::string visible(std::string_view comment) {
    std::string text;
    for (std::size_t at = 0; at < comment.size();) {
        const auto [point, size] = code_point(comment, at);
        const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
        const bool direction = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
                               point == 0x200e || point == 0x200f || point == 0x061c;
        char code[12];
        if (point == '\t') text += ' ';
        else if (control || direction || point == 0xfffd)
            text.append(code, static_cast<std::size_t>(std::snprintf(code, sizeof(code), "U+%04X", point)));
        else text += comment.substr(at, size);
        at += size;
    }
    return text;
}

template <class Declaration>
Comments comments_of(const Declaration* declaration) {
    Comments comments;
    if (declaration->documentation())
        for (auto* line : *declaration->documentation()) comments.push_back(visible(line->string_view()));
    return comments;
}

template <class Declaration>
std::map<std::string, std::string> attributes_of(const Declaration* declaration) {
    std::map<std::string, std::string> attributes;
    if (declaration->attributes())
        for (auto* each : *declaration->attributes())
            attributes[each->key()->str()] = each->value() ? each->value()->str() : "0";
    return attributes;
}

class Loader {
public:
    Loader(const reflection::Schema& schema, std::string_view input) : schema_(schema), input_(base_name(input)) {}

    std::optional<Schema> load(std::string& why) {
        for (auto* each : *schema_.enums()) load_enum(*each);
        for (auto* each : *schema_.objects()) load_table(*each);
        if (schema_.services())
            for (auto* each : *schema_.services()) load_service(*each);
        order_structs();
        why = why_;
        if (!why_.empty()) return std::nullopt;
        return std::move(result_);
    }

private:
    template <class Declaration>
    bool is_here(const Declaration& declaration) const {
        return declaration.declaration_file() && base_name(declaration.declaration_file()->string_view()) == input_;
    }

    // Without the slashes for the folder of the compiled file.
    static std::string file_of(const reflection::Object& declaration) {
        if (!declaration.declaration_file()) return {};
        const std::string_view path = declaration.declaration_file()->string_view();
        return std::string(path.substr(std::min(path.find_first_not_of('/'), path.size())));
    }

    // The library's readers make an enum of whatever byte is there; a byte that names no kind is None here.
    static reflection::BaseType base_of(const reflection::Type& type) { return kind_at(type, reflection::Type::VT_BASE_TYPE); }
    static reflection::BaseType element_of(const reflection::Type& type) { return kind_at(type, reflection::Type::VT_ELEMENT); }
    static reflection::BaseType kind_at(const reflection::Type& type, flatbuffers::voffset_t field) {
        const auto byte = reinterpret_cast<const flatbuffers::Table&>(type).GetField<std::int8_t>(field, 0);
        return byte < 0 || byte >= reflection::MaxBaseType ? reflection::None : static_cast<reflection::BaseType>(byte);
    }

    static Type scalar(reflection::BaseType base) {
        Type type;
        type.size = static_cast<unsigned>(flatbuffers::GetTypeSize(base));
        switch (base) {
            case reflection::Bool: type.shape = Shape::Bool; break;
            case reflection::Float:
            case reflection::Double: type.shape = Shape::Float; break;
            case reflection::Byte:
            case reflection::Short:
            case reflection::Int:
            case reflection::Long: type.is_signed = true; break;
            default: break;
        }
        return type;
    }

    Type type_of(const reflection::Type& from) { return type_of(from, base_of(from)); }

    Type type_of(const reflection::Type& from, reflection::BaseType base) {
        Type type;
        switch (base) {
            case reflection::String: type.shape = Shape::String; return type;
            case reflection::Union:
                type.shape = Shape::Union;
                type.named = enum_name(from.index());
                return type;
            case reflection::Obj: return object_type(from.index());
            case reflection::Vector:
                type.shape = Shape::Vector;
                type.element.push_back(type_of(from, element_of(from)));
                return type;
            case reflection::Array:
                type.shape = Shape::Array;
                type.element.push_back(type_of(from, element_of(from)));
                type.length = from.fixed_length();
                type.size = type.element[0].size * type.length;
                return type;
            default: break;
        }
        if (base <= reflection::None || base > reflection::Double) {
            why_ = "a type of unknown kind";
            return type;
        }
        type = scalar(base);
        if (from.index() >= 0) {
            type.shape = Shape::Enum;
            type.named = enum_name(from.index());
        }
        return type;
    }

    std::string enum_name(int index) {
        if (index >= 0 && static_cast<unsigned>(index) < schema_.enums()->size())
            return schema_.enums()->Get(static_cast<unsigned>(index))->name()->str();
        why_ = "a type that refers to an enum that does not exist";
        return "";
    }

    Type object_type(int index) {
        Type type;
        if (index < 0 || static_cast<unsigned>(index) >= schema_.objects()->size()) {
            why_ = "a type that refers to a table that does not exist";
            return type;
        }
        auto* object = schema_.objects()->Get(static_cast<unsigned>(index));
        type.named = object->name()->str();
        type.size = static_cast<unsigned>(object->bytesize());
        type.shape = type.named == "eft.Cap"    ? Shape::Cap
                     : type.named == "eft.Area" ? Shape::Area
                     : object->is_struct()      ? Shape::Struct
                                                : Shape::Table;
        return type;
    }

    void load_enum(const reflection::Enum& from) {
        Enum to;
        to.name = split_name(from.name()->str());
        to.comments = comments_of(&from);
        to.here = is_here(from);
        to.underlying = scalar(base_of(*from.underlying_type()));
        to.bit_flags = attributes_of(&from).contains("bit_flags");
        to.is_union = from.is_union();
        for (auto* value : *from.values())
            to.values.push_back({value->name()->str(), value->value(), comments_of(value), case_of(*value)});
        result_.enums.push_back(std::move(to));
    }

    // What a member of a union holds: the name of a table; "string" for what is none.
    std::string case_of(const reflection::EnumVal& value) {
        if (!value.union_type() || base_of(*value.union_type()) == reflection::None) return "";
        if (base_of(*value.union_type()) != reflection::Obj) return "string";
        return object_type(value.union_type()->index()).named;
    }

    void load_table(const reflection::Object& from) {
        Table to;
        to.name = split_name(from.name()->str());
        to.comments = comments_of(&from);
        to.here = is_here(from);
        to.file = file_of(from);
        to.is_struct = from.is_struct();
        to.size = static_cast<unsigned>(from.bytesize());
        to.align = static_cast<unsigned>(from.minalign());
        to.attributes = attributes_of(&from);
        for (auto* field : *from.fields())
            if (!tells_a_union(*field->type())) to.fields.push_back(load_field(*field));
        std::sort(to.fields.begin(), to.fields.end(), [](const Field& a, const Field& b) { return a.id < b.id; });
        result_.tables.push_back(std::move(to));
    }

    // The field that flatc adds before each union, to say which case it is.
    static bool tells_a_union(const reflection::Type& type) {
        return base_of(type) == reflection::UType || element_of(type) == reflection::UType;
    }

    Field load_field(const reflection::Field& from) {
        Field to;
        to.name = from.name()->str();
        to.comments = comments_of(&from);
        to.attributes = attributes_of(&from);
        to.id = from.id();
        to.type = type_of(*from.type());
        to.absent = to.type.shape == Shape::Bool ? from.default_integer() != 0 : from.default_integer();
        to.absent_real = from.default_real();
        to.deprecated = from.deprecated();
        to.optional = from.optional() && base_of(*from.type()) > reflection::UType &&
                      base_of(*from.type()) <= reflection::Double;
        to.required = from.required();
        to.struct_offset = from.offset();
        return to;
    }

    void load_service(const reflection::Service& from) {
        Service to;
        to.name = split_name(from.name()->str());
        to.comments = comments_of(&from);
        to.here = is_here(from);
        to.attributes = attributes_of(&from);
        if (from.calls())
            for (auto* call : *from.calls()) {
                Method method;
                method.name = call->name()->str();
                method.comments = comments_of(call);
                method.attributes = attributes_of(call);
                method.request = call->request()->name()->str();
                method.response = call->response()->name()->str();
                to.methods.push_back(std::move(method));
            }
        result_.services.push_back(std::move(to));
    }

    // C++ wants a struct before its user; flatc sorts by name. Structs cannot contain themselves.
    void order_structs() {
        std::vector<Table> ordered;
        std::vector<bool> placed(result_.tables.size());
        for (std::size_t i = 0; i < result_.tables.size(); ++i) place(i, placed, ordered, 0);
        result_.tables = std::move(ordered);
    }
    void place(std::size_t index, std::vector<bool>& placed, std::vector<Table>& ordered, unsigned depth) {
        if (placed[index] || depth > 64) return;
        for (const Field& field : result_.tables[index].fields) {
            const Type& type = field.type.element.empty() ? field.type : field.type.element[0];
            if (type.shape != Shape::Struct) continue;
            for (std::size_t i = 0; i < result_.tables.size(); ++i)
                if (result_.tables[i].name.full() == type.named) place(i, placed, ordered, depth + 1);
        }
        placed[index] = true;
        ordered.push_back(result_.tables[index]);
    }

    const reflection::Schema& schema_;
    std::string input_;
    Schema result_;
    std::string why_;
};

}  // namespace

std::optional<Schema> load_schema(std::string_view bytes, std::string_view input, std::string& why) {
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (!reflection::VerifySchemaBuffer(verifier)) {
        why = "not a binary schema (flatc -b --schema)";
        return std::nullopt;
    }
    return Loader(*reflection::GetSchema(bytes.data()), input).load(why);
}

}  // namespace idlc
