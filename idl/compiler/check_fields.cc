// The fields of messages: what each type needs besides its name, and where it cannot stand.
#include "check.h"
#include "values.h"

#include <algorithm>

namespace idlc {
namespace {

// A kind of capability, and what its rights are called (kernel/include/eft/abi/object.h).
struct CapKind {
    std::string_view name;
    std::string_view rights[3];  // bit 0, 1, 2; a kind without any cannot be narrowed here
};
constexpr CapKind kCapKinds[] = {
    {"any", {}},
    {"untyped", {"control", "inspect"}},
    {"captable", {"control", "inspect"}},
    {"thread", {"control", "inspect"}},
    {"endpoint", {"send", "receive"}},
    {"notification", {"signal", "wait"}},
    {"reply", {"control", "inspect"}},
    {"address_space", {"control", "inspect"}},
    {"frame", {"read", "write", "execute"}},
    {"irq", {"control", "inspect"}},
    {"ioports", {"control", "inspect"}},
    {"memory", {}},
    {"process", {}},
};
const std::string kSameCapKinds =
    "any, untyped, captable, thread, endpoint, endpoint:SERVICE, notification, reply, address_space, frame, irq, "
    "ioports, memory, process";

class FieldChecker {
public:
    FieldChecker(Schema& schema, const Source& source, Diagnostics& diagnostics, Table& table, Field& field)
        : schema_(schema), source_(source), diagnostics_(diagnostics), table_(table), field_(field) {}

    void check() {
        check_attributes();
        check_required();
        switch (field_.type.shape) {
            case Shape::Cap: check_cap(); break;
            case Shape::Area: check_area(); break;
            case Shape::String: check_max(1); break;
            case Shape::Vector: check_vector(); break;
            case Shape::Table: check_nested(field_.type.named, "is a nested table"); break;
            case Shape::Union: check_encoding3("is a union"); break;
            default: break;
        }
    }

private:
    void refuse(const std::string& message, const std::string& hint) {
        if (table_.here)
            diagnostics_.refuse(source_.line_of(table_.name.full(), field_.name),
                                table_.name.plain + "." + field_.name + " " + message, hint);
    }
    bool has(const char* key) const { return field_.attributes.contains(key); }
    bool is_memory() const {
        const auto kind = field_.attributes.find("cap");
        return field_.type.shape == Shape::Cap && kind != field_.attributes.end() && kind->second == "memory";
    }

    void check_attributes() {
        Shape shape = field_.type.shape;
        bool strings = shape == Shape::Vector && field_.type.element[0].shape == Shape::String;
        for (const auto& [key, value] : field_.attributes) {
            if (key == "id" || key == "deprecated" || key == "required") continue;
            bool known =
                key == "max" || key == "each" || key == "cap" || key == "rights" || key == "area" || key == "optional";
            bool fits = (key == "max" && (shape == Shape::String || shape == Shape::Vector || is_memory())) ||
                        (key == "each" && strings) ||
                        ((key == "cap" || key == "optional" || key == "rights") && shape == Shape::Cap) ||
                        (key == "area" && shape == Shape::Area);
            if (!known)
                refuse("has the attribute '" + key + "', which is unknown",
                       "a field can have: id, deprecated, required, max, each, cap, rights, optional, area");
            else if (!fits)
                refuse("has the attribute '" + key + "', which does not fit its type",
                       "max: strings, vectors and capabilities to memory; each: vectors of strings; cap, rights and optional: Cap; area: "
                       "Area");
        }
    }

    void check_required() {
        if (!field_.required || field_.type.shape == Shape::Table || field_.type.shape == Shape::Union) return;
        refuse("is 'required', which only a nested table or a union can be",
               "an absent string or vector is an empty one");
    }

    bool check_encoding3(const std::string& what) {
        if (table_.is_flatbuffer) return true;
        refuse(what + ", which needs encoding 3, and " + table_.name.plain + " does not say so",
               "write `table " + table_.name.plain + " (encoding:\"flatbuffer\")`, or use a struct or flat fields");
        return false;
    }

    void check_nested(const std::string& full, const std::string& what) {
        if (!check_encoding3(what)) return;
        const Table* inner = schema_.find_table(full);
        if (inner && !wants_flatbuffer(*inner))
            refuse("holds " + inner->name.plain + ", which does not say that it needs encoding 3",
                   "write `table " + inner->name.plain + " (encoding:\"flatbuffer\")`");
    }

    void check_max(unsigned element_size) {
        if (!has("max")) {
            refuse("has no bound", "add (max:\"N\"), in elements; for a string, in bytes");
            return;
        }
        field_.max = bound("max", kMaxMessageWords * 8 / element_size);
    }
    unsigned bound(const char* key, unsigned limit) {
        auto number = parse_number(field_.attributes[key], 1, limit);
        if (!number)
            refuse("has " + std::string(key) + ":\"" + field_.attributes[key] + "\"",
                   "a number from 1 to " + std::to_string(limit));
        return static_cast<unsigned>(number.value_or(0));
    }

    void check_vector() {
        const Type& element = field_.type.element[0];
        switch (element.shape) {
            case Shape::Cap:
            case Shape::Area: refuse("is a vector of what is no value", "one field for each"); break;
            case Shape::Union: refuse("is a vector of unions", "use a vector of tables that hold one each"); break;
            case Shape::String:
                if (!check_encoding3("is a vector of strings")) break;
                check_max(4);
                if (has("each"))
                    field_.max_each = bound("each", kMaxMessageWords * 8);
                else
                    refuse("has no bound for one string of it", "add (each:\"N\"), in bytes");
                break;
            case Shape::Table:
                check_nested(element.named, "is a vector of tables");
                if (table_.is_flatbuffer) check_max(4);
                break;
            default: check_max(std::max(element.size, 1u)); break;
        }
    }

    void check_cap() {
        if (table_.is_flatbuffer) {
            refuse("is a capability, which cannot lie in a FlatBuffer", "hand it over by a call with a flat message");
            return;
        }
        if (!has("cap")) {
            refuse("does not say what it is a capability to", "add (cap:\"KIND\"): " + kSameCapKinds);
            return;
        }
        if (field_.deprecated)
            refuse("is a deprecated capability, which would still have to travel", "make a new call without it");
        check_cap_order();
        std::string kind = field_.attributes["cap"];
        if (kind.starts_with("endpoint:")) {
            std::string service = kind.substr(9);
            if (const Service* found = resolve_name(schema_.services, service, table_.name.space))
                field_.cap_service = found->name.full();
            else
                refuse("is an endpoint of " + service + ", which is no service here", "include its schema");
            kind = "endpoint";
        }
        auto known = std::find_if(std::begin(kCapKinds), std::end(kCapKinds),
                                  [&](const CapKind& each) { return each.name == kind; });
        if (known == std::end(kCapKinds))
            refuse("has cap:\"" + kind + "\", which is unknown", "one of: " + kSameCapKinds);
        else if (has("rights"))
            check_rights(*known);
        field_.cap_kind = kind;
        if (has("max") && is_memory()) check_max_bytes();
    }

    void check_max_bytes() {
        constexpr std::uint64_t kPage = 4096, kMost = std::uint64_t{1} << 30;
        const auto bytes = parse_number(field_.attributes["max"], kPage, kMost);
        if (!bytes || *bytes % kPage != 0)
            refuse("has max:\"" + field_.attributes["max"] + "\"", "bytes in whole pages: a multiple of 4096, at most 2^30");
        else
            field_.max_bytes = static_cast<unsigned>(*bytes);
    }

    // "read,write": the receiver gets no more than these.
    void check_rights(const CapKind& kind) {
        if (kind.rights[0].empty()) {
            refuse("narrows the rights of a capability to '" + std::string(kind.name) + "', which has none by name",
                   "name the kind; of a memory object or a process, ask its server for one that can do less");
            return;
        }
        field_.rights = 0;
        for (const std::string& word : split_list(field_.attributes["rights"])) {
            unsigned bit = 0;
            while (bit < 3 && (word.empty() || kind.rights[bit] != word)) ++bit;
            if (bit == 3) return refuse_right(kind, word);
            field_.rights |= 1u << bit;
        }
    }
    void refuse_right(const CapKind& kind, const std::string& word) {
        std::string all;
        for (std::string_view right : kind.rights)
            if (!right.empty()) all += (all.empty() ? "" : ", ") + std::string(right);
        refuse("has rights:\"" + field_.attributes["rights"] + "\", and '" + word + "' is none of " +
                   std::string(kind.name) + "'s",
               "some of: " + all + "; with commas between them");
    }

    // The number of capabilities in a message says which are there.
    void check_cap_order() {
        if (has("optional")) return;
        for (const Field& other : table_.fields)
            if (other.id < field_.id && other.attributes.contains("optional"))
                refuse("is a capability behind an optional one", "optional capabilities are the last of a message");
    }

    void check_area() {
        if (table_.is_flatbuffer)
            refuse("is an Area, which cannot lie in a FlatBuffer", "name it in a flat message");
        else if (!has("area"))
            refuse("does not say which way its bytes go", "add (area:\"read\") if the server reads them, or \"write\"");
        else if (field_.attributes["area"] != "read" && field_.attributes["area"] != "write")
            refuse("has area:\"" + field_.attributes["area"] + "\"", "the values are \"read\" and \"write\"");
    }

    Schema& schema_;
    const Source& source_;
    Diagnostics& diagnostics_;
    Table& table_;
    Field& field_;
};

}  // namespace

bool wants_flatbuffer(const Table& table) {
    auto encoding = table.attributes.find("encoding");
    return encoding != table.attributes.end() && encoding->second == "flatbuffer";
}

void check_field(Schema& schema, const Source& source, Diagnostics& diagnostics, Table& table, Field& field) {
    FieldChecker(schema, source, diagnostics, table, field).check();
}

}  // namespace idlc
