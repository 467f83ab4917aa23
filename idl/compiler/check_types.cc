#include "check.h"
#include "layout.h"
#include "names.h"
#include "values.h"

#include <algorithm>

namespace idlc {
namespace {

constexpr std::string_view kCapKinds[] = {"any",          "untyped", "captable",      "thread", "endpoint",
                                          "notification", "reply",   "address_space", "frame",  "irq",
                                          "ioports",      "memory",  "process"};
// Members that every generated message has, and names that its functions use.
constexpr std::string_view kTakenFieldNames[] = {"encode", "check",       "load",         "fits", "in",
                                                 "out",    "follow_tail", "for_each_cap", "from", "to"};
const std::string kSameCapKinds =
    "any, untyped, captable, thread, endpoint, endpoint:SERVICE, notification, reply, address_space, frame, irq, "
    "ioports, memory, process";

class TypeChecker {
public:
    TypeChecker(Schema& schema, const Source& source, Diagnostics& diagnostics)
        : schema_(schema), source_(source), diagnostics_(diagnostics) {}

    void check_enum(const Enum& type) {
        if (!type.here) return;
        int line = source_.line_of(type.name.full());
        check_namespace(type.name, line);
        if (type.is_union)
            diagnostics_.refuse(line,
                                "union " + type.name.plain + " needs encoding 3, which idlc does not generate yet",
                                "use one table per case, and one call for each");
        for (const EnumValue& value : type.values)
            if (is_cpp_keyword(value.name))
                diagnostics_.refuse(source_.line_of(type.name.full(), value.name),
                                    "'" + value.name + "' is a word of C++", "write it with a capital letter");
    }

    void check_table(Table& table) {
        is_builtin_ = table.name.full() == "eft.Cap" || table.name.full() == "eft.Area";
        table_ = &table;
        if (table.here) {
            check_namespace(table.name, source_.line_of(table.name.full()));
            check_table_attributes();
        }
        for (Field& field : table.fields) {
            field_ = &field;
            table.is_struct ? check_struct_field() : check_field();
        }
        if (table.is_struct) return;
        lay_out(table);
        if (table.caps > kMaxMessageCaps)
            refuse_table("has " + std::to_string(table.caps) + " capabilities; a message carries at most " +
                             std::to_string(kMaxMessageCaps),
                         "split it into two calls");
        if (table.max_words() > kMaxMessageWords)
            refuse_table("takes up to " + std::to_string(table.max_words()) + " words; a message has at most " +
                             std::to_string(kMaxMessageWords),
                         "lower max, or move the data through an area");
    }

private:
    void refuse(const std::string& message, const std::string& hint = "") {
        if (table_->here)
            diagnostics_.refuse(source_.line_of(table_->name.full(), field_->name),
                                table_->name.plain + "." + field_->name + " " + message, hint);
    }
    void refuse_table(const std::string& message, const std::string& hint) {
        if (table_->here)
            diagnostics_.refuse(source_.line_of(table_->name.full()), table_->name.plain + " " + message, hint);
    }
    void check_namespace(const Name& name, int line) {
        if (name.space != "eft" && !name.space.starts_with("eft."))
            diagnostics_.refuse(line, name.plain + " is not in a namespace of Eft", "begin with `namespace eft.…;`");
    }

    void check_table_attributes() {
        for (const auto& [key, value] : table_->attributes) {
            if (key == "encoding" && !table_->is_struct) {
                if (value == "flatbuffer")
                    refuse_table("asks for encoding 3, which idlc does not generate yet",
                                 "use flat fields, bounded strings and bounded vectors");
                else
                    refuse_table("has encoding:\"" + value + "\", which is unknown",
                                 "the only value is \"flatbuffer\"");
            } else {
                refuse_table("has the attribute '" + key + "', which means nothing on a " +
                                 (table_->is_struct ? "struct" : "table"),
                             table_->is_struct ? "remove it" : "a table can have: encoding");
            }
        }
    }

    bool has(const char* key) const { return field_->attributes.contains(key); }

    void check_names() {
        bool taken = std::find(std::begin(kTakenFieldNames), std::end(kTakenFieldNames), field_->name) !=
                     std::end(kTakenFieldNames);
        if (is_cpp_keyword(field_->name) || taken || field_->name.ends_with('_'))
            refuse("cannot have this name in C++", "choose another name");
    }

    void check_struct_field() {
        check_names();
        if (is_builtin_) return;
        for (const auto& [key, value] : field_->attributes)
            if (key != "id" && key != "deprecated")
                refuse("has the attribute '" + key + "', which means nothing in a struct", "remove it");
        const Type& type = field_->type.element.empty() ? field_->type : field_->type.element[0];
        if (type.shape == Shape::Float) refuse_float();
        if (type.shape == Shape::Bool)
            refuse("is a bool in a struct, whose bytes are not looked at one by one", "use ubyte or an enum");
        if (type.shape == Shape::Cap || type.shape == Shape::Area)
            refuse("cannot stand in a struct", "make it a field of the table");
    }

    void check_field() {
        check_names();
        check_field_attributes();
        if (field_->optional)
            refuse("is an optional scalar", "give it a default; zero and absent are the same on the wire");
        if (field_->required) refuse("is 'required', which Eft does not have", "an absent string is an empty one");
        bool wide = field_->type.shape == Shape::Integer && field_->type.size == 8 && !field_->type.is_signed;
        if (wide && parse_number(source_.default_of(table_->name.full(), field_->name), std::uint64_t{1} << 63,
                                 ~std::uint64_t{0}))
            refuse("has a default above 2^63 - 1, which flatc's reflection loses",
                   "give the receiver's zero this meaning");
        switch (field_->type.shape) {
            case Shape::Float: refuse_float(); break;
            case Shape::Table: refuse_encoding3("is a nested table"); break;
            case Shape::Union: refuse_encoding3("is a union"); break;
            case Shape::Cap: check_cap(); break;
            case Shape::Area: check_area(); break;
            case Shape::String: check_max(1); break;
            case Shape::Vector: check_vector(); break;
            default: break;
        }
    }

    void check_field_attributes() {
        for (const auto& [key, value] : field_->attributes) {
            if (key == "id" || key == "deprecated" || key == "required") continue;
            Shape shape = field_->type.shape;
            bool known = key == "max" || key == "cap" || key == "rights" || key == "area" || key == "optional";
            bool fits = (key == "max" && (shape == Shape::String || shape == Shape::Vector)) ||
                        ((key == "cap" || key == "optional") && shape == Shape::Cap) ||
                        (key == "area" && shape == Shape::Area);
            if (!known)
                refuse("has the attribute '" + key + "', which is unknown",
                       "a field can have: id, deprecated, max, cap, optional, area");
            else if (key == "rights")
                refuse("has rights, which stubs cannot narrow yet",
                       "derive the capability with fewer rights and send that");
            else if (!fits)
                refuse("has the attribute '" + key + "', which does not fit its type",
                       "max: strings and vectors; cap and optional: Cap; area: Area");
        }
    }

    void refuse_float() { refuse("is a floating-point number; Eft's servers have none", "use a scaled integer"); }
    void refuse_encoding3(const std::string& what) {
        refuse(what + ", which needs encoding 3, and " + table_->name.plain + " does not say so",
               "use a struct or flat fields; idlc does not generate encoding:\"flatbuffer\" yet");
    }

    void check_max(unsigned element_size) {
        if (!has("max")) {
            refuse("has no bound", "add (max:\"N\"), in elements; for a string, in bytes");
            return;
        }
        unsigned limit = kMaxMessageWords * 8 / element_size;
        auto max = parse_number(field_->attributes["max"], 1, limit);
        if (!max)
            refuse("has max:\"" + field_->attributes["max"] + "\"", "a number from 1 to " + std::to_string(limit));
        else
            field_->max = static_cast<unsigned>(*max);
    }

    void check_vector() {
        const Type& element = field_->type.element[0];
        switch (element.shape) {
            case Shape::Integer:
            case Shape::Enum:
            case Shape::Struct: check_max(std::max(element.size, 1u)); break;
            case Shape::Float: refuse_float(); break;
            case Shape::Bool: refuse("is a vector of bools", "use a vector of ubyte"); break;
            case Shape::Cap:
            case Shape::Area: refuse("is a vector of what is no value", "one field for each"); break;
            default: refuse_encoding3("is a vector of strings, tables or unions"); break;
        }
    }

    void check_cap() {
        if (!has("cap")) {
            refuse("does not say what it is a capability to", "add (cap:\"KIND\"): " + kSameCapKinds);
            return;
        }
        if (field_->deprecated)
            refuse("is a deprecated capability, which would still have to travel", "make a new call without it");
        check_cap_order();
        std::string kind = field_->attributes["cap"];
        if (kind.starts_with("endpoint:")) {
            field_->cap_service = resolve_service(kind.substr(9));
            if (field_->cap_service.empty())
                refuse("is an endpoint of " + kind.substr(9) + ", which is no service here", "include its schema");
            kind = "endpoint";
        } else if (std::find(std::begin(kCapKinds), std::end(kCapKinds), kind) == std::end(kCapKinds)) {
            refuse("has cap:\"" + kind + "\", which is unknown", "one of: " + kSameCapKinds);
        }
        field_->cap_kind = kind;
    }

    // The number of capabilities in a message says which are there.
    void check_cap_order() {
        if (has("optional")) return;
        for (const Field& other : table_->fields)
            if (other.id < field_->id && other.attributes.contains("optional"))
                refuse("is a capability behind an optional one", "optional capabilities are the last of a message");
    }

    std::string resolve_service(const std::string& name) const {
        for (const std::string& full : {table_->name.space + "." + name, name, "eft." + name})
            if (schema_.find_service(full)) return full;
        return "";
    }

    void check_area() {
        if (!has("area"))
            refuse("does not say which way its bytes go", "add (area:\"read\") if the server reads them, or \"write\"");
        else if (field_->attributes["area"] != "read" && field_->attributes["area"] != "write")
            refuse("has area:\"" + field_->attributes["area"] + "\"", "the values are \"read\" and \"write\"");
    }

    Schema& schema_;
    const Source& source_;
    Diagnostics& diagnostics_;
    Table* table_ = nullptr;
    Field* field_ = nullptr;
    bool is_builtin_ = false;
};

}  // namespace

void check_types(Schema& schema, const Source& source, Diagnostics& diagnostics) {
    TypeChecker checker(schema, source, diagnostics);
    for (const Enum& type : schema.enums) checker.check_enum(type);
    for (Table& table : schema.tables) checker.check_table(table);
}

}  // namespace idlc
