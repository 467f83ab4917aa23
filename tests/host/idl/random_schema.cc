// Long because it is one grammar: each declaration that a schema can have, with the names and values that are hard.
#include "random_schema.h"

#include <bit>
#include <cctype>
#include <cstdlib>
#include <random>

namespace random_schema {
namespace {

using std::string;
using std::to_string;

constexpr const char* kWords[] = {"first", "second", "count",  "level", "name",   "offset", "length", "owner", "state", "colour", "weight",
                                  "index", "limit",  "marked", "since", "reason", "source", "target", "width", "depth", "page",   "token"};
// Names that a program, a header or the generated code may have for itself.
constexpr const char* kHarsh[] = {
    "class",    "and_eq",  "co_await", "final",      "char8_t",  "const_cast", "thread_local", "wchar_t",  "bitor",    "static_assert", "reinterpret_cast",
    "NULL",     "EOF",     "NAN",      "INFINITY",   "INT_MAX",  "errno",      "stdin",        "stdout",   "assert",   "offsetof",      "linux",
    "unix",     "SIGINT",  "M_PI",     "CHAR_BIT",   "EFT_TRY",  "EINVAL",     "INT64_MIN",    "i386",     "BUFSIZ",   "UINT8_MAX",     "__cplusplus",
    "Result",   "Error",   "Status",   "Slot",       "Badge",    "u8",         "u64",          "ipc",      "ring",     "eft",           "std",
    "Task",     "Rights",  "Client",   "Utcb",       "Request",  "Response",   "Server",       "Session",  "Record",   "Base",          "Transport",
    "Wake",     "Service", "Methods",  "Attachment", "Opens",    "Reader",     "Writer",       "Visit",    "Table",    "View",          "SessionRecord",
    "valid",    "fits",    "encode",   "check",      "load",     "put",        "kFlatWords",   "kCaps",    "kName",    "kMethods",      "follow_tail",
    "dispatch", "Recover", "recover",  "Progress",   "Closed",   "Attached",   "EditShared",   "Session",  "Raise",    "Transport",     "DescribeInterface",
    "OnReopen", "Take",    "Expect",   "Calls",      "Complaints", "Call",     "Send",         "Open",     "Close",    "Submit",        "OnWake",
    "in",       "out",     "from",     "to",         "value",    "request",    "context",      "server",   "message",  "session",       "record",
    "answer",   "visit",   "table",    "each",       "number",   "missed",     "make_label",   "size_t",   "string_view", "optional",   "to_string",
    "kind",     "key",     "queue",    "handle",     "index",    "area_bytes", "_Upper",       "two__lines", "_low",   "last_",         "x1_",
    "KernelTransport", "Area", "Cap", "Empty", "main", "kInflight", "RingConsumer", "StaleSession", "ServiceClient", "kNameMax", "bool_", "nullopt"};
constexpr const char* kComments[] = {"Bytes, from 0 to 4096.",
                                     "A path: C:\\eft\\",
                                     "What ?" "?/",
                                     "Ends a comment */ and goes on",
                                     "/* begins one",
                                     "A mark \xe2\x80\xae of direction",
                                     "\xe2\x81\xa6 isolated",
                                     "#include <x>",
                                     "| a | table | and `code` and \\",
                                     "Percent %s %n \"quoted\" 'word'",
                                     "",
                                     "tab\there \xff no UTF-8 \\  "};

class Maker {
public:
    explicit Maker(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15 + 1), seed_(seed) {
        // Every second schema has ordinary names only, so that its other parts are reached.
        harsh_names_ = chance(2) ? 0 : 1 + below(4);
    }

    Schema make() {
        schema_.name = "r" + to_string(seed_);
        space_ = "eft." + schema_.name;
        if (chance(12)) space_ = "eft." + (chance(3) ? harsh() : word()) + "." + schema_.name;
        if (chance(40)) space_ += "." + harsh();
        line("include \"eft.fbs\";");
        line("namespace " + space_ + ";");
        for (unsigned n = below(3); n > 0; --n) add_enum();
        for (unsigned n = below(3); n > 0; --n) add_struct();
        if (chance(5)) error_enum_ = add_error_enum();
        for (unsigned n = below(4) + (chance(8) ? 0 : 1); n > 0; --n) add_table();
        if (chance(3)) add_nested();
        for (unsigned n = chance(6) ? 0 : chance(6) ? 2 : 1; n > 0; --n) add_service();
        return std::move(schema_);
    }

private:
    struct Enum {
        string name;
        unsigned size;
        bool flags;
        std::vector<std::pair<string, std::uint64_t>> values;
        bool has_zero() const {
            for (const auto& value : values)
                if (value.second == 0) return true;
            return flags;  // none of them
        }
    };
    struct TableInfo {
        string name;
        bool flat = true, tail = false, caps = false, area = false;
        unsigned words = 0;
        string number;  // a field of it that is a plain number
    };

    // Chance.
    std::uint64_t word64() { return engine_(); }
    unsigned below(unsigned bound) { return static_cast<unsigned>(engine_() % bound); }
    bool chance(unsigned one_in) { return below(one_in) == 0; }
    template <class T, std::size_t N>
    const T& any(const T (&of)[N]) { return of[below(N)]; }
    template <class T>
    const T& any(const std::vector<T>& of) { return of[below(static_cast<unsigned>(of.size()))]; }

    // Text.
    void line(const string& text) { schema_.text += text + "\n"; }
    void comment(const string& indent = "") {
        if (chance(4)) line(indent + "///" + (chance(4) ? "" : " ") + any(kComments));
    }

    // Names.
    string word() { return any(kWords); }
    string harsh() { return any(kHarsh); }
    static string capital(string name) {
        name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
        return name;
    }
    bool use_harsh() {
        if (harsh_names_ == 0 || !chance(8)) return false;
        --harsh_names_;
        return true;
    }
    // What generated code makes of a name that is there.
    string meeting(const string& name) {
        static constexpr const char* kEnds[] = {"Client", "Server", "Ring", "View", "Ref", "Mock", "Local", "LocalClient", "Method", "Event", "RingServer", "Hostile", "_"};
        switch (below(4)) {
            case 0: return name + any(kEnds);
            case 1: return "Next" + name;
            case 2: return chance(2) ? "Subscribe" + name : "Submit" + name;
            default: return chance(2) ? "Expect" + name : "On" + name;
        }
    }
    // FooBar -> Foo_bar, foo_bar -> foobar
    static string other_case(const string& name) {
        string other;
        for (char c : name) {
            if (c == '_') continue;
            if (std::isupper(static_cast<unsigned char>(c)) && !other.empty()) other += '_';
            other += other.empty() ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
        return other;
    }
    string type_name() {
        string name;
        if (use_harsh()) {
            switch (below(4)) {
                case 0: name = names_.empty() ? harsh() : meeting(any(names_)); break;
                case 1: name = names_.empty() ? harsh() : other_case(any(names_)); break;
                case 2: name = capital(harsh()); break;
                default: name = harsh();
            }
        } else {
            name = capital(word()) + (chance(2) ? capital(word()) : "") + to_string(names_.size());
        }
        for (const string& other : names_)
            if (other == name) name += "Again";
        names_.push_back(name);
        return name;
    }
    string member_name(std::vector<string>& taken, bool capitals = false) {
        string name = word();
        if (use_harsh()) {
            switch (below(5)) {
                case 0: name = taken.empty() ? harsh() : other_case(capital(any(taken))); break;
                case 1: name = names_.empty() ? harsh() : any(names_); break;
                case 2: name = taken.empty() ? harsh() : meeting(any(taken)); break;
                case 3: name = string(20 + below(90), 'a') + to_string(taken.size()); break;
                default: name = harsh();
            }
        } else {
            if (chance(2)) name += capitals ? capital(word()) : "_" + word();
            name += to_string(taken.size());
            if (capitals) name = capital(name);
        }
        if (!capitals && !chance(8))  // flatc warns of others
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        for (const string& other : taken)
            if (other == name) name += to_string(taken.size());
        taken.push_back(name);
        return name;
    }

    // Values.
    static string in_hex(std::uint64_t value) {
        static constexpr char kDigits[] = "0123456789abcdef";
        string text;
        do text.insert(text.begin(), kDigits[value % 16]);
        while ((value /= 16) != 0);
        return "0x" + text;
    }
    static std::uint64_t ones(unsigned size) { return ~std::uint64_t{0} >> (64 - 8 * size); }
    std::uint64_t any_bits(unsigned size) {
        static constexpr std::uint64_t kBorders[] = {0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1, 0x7f, 0x80, 0xffff'ffff, 0x8000};
        return (chance(2) ? any(kBorders) : word64()) & ones(size);
    }
    static std::int64_t as_signed(std::uint64_t bits, unsigned size) {
        return static_cast<std::int64_t>(bits << (64 - 8 * size)) >> (64 - 8 * size);
    }
    // One of the ways in which a schema can say it.
    string spelled(std::uint64_t bits, unsigned size, bool is_signed) {
        const std::int64_t value = as_signed(bits, size);
        string text = is_signed && value < 0 ? to_string(value) : chance(3) ? in_hex(bits) : to_string(bits);
        if (is_signed && value >= 0 && chance(6)) text = "+" + text;
        if (chance(8)) text = "\"" + text + "\"";
        return text;
    }

    // Declarations.
    void add_enum() {
        static constexpr const char* kTypes[] = {"ubyte", "ushort", "uint", "ulong", "byte", "short", "int", "long"};
        const unsigned kind = below(8), size = 1u << kind % 4;
        const bool is_signed = kind >= 4;
        Enum made{type_name(), size, !is_signed && chance(3), {}};
        comment();
        line("enum " + made.name + " : " + kTypes[kind] + (made.flags ? " (bit_flags)" : "") + " {");
        std::uint64_t next = chance(2) ? 0 : 1 + below(3);
        std::vector<string> taken;
        const unsigned count = 1 + below(made.flags ? 5 : 6), bits = 8 * size - (is_signed ? 1 : 0);
        for (unsigned i = 0; i < count; ++i) {
            if (made.flags && next >= bits) break;
            const string name = member_name(taken, true);
            comment("  ");
            line("  " + name + " = " + to_string(next) + ",");
            made.values.emplace_back(name, made.flags ? std::uint64_t{1} << next : next);
            const std::uint64_t most = made.flags ? bits - 1 : ones(size) >> (is_signed ? 1 : 0);
            if (next == most) break;
            next = chance(4) ? most - (chance(2) || next + 1 >= most ? 0 : 1) : next + 1;
        }
        line("}");
        enums_.push_back(made);
    }
    string add_error_enum() {
        const string name = type_name();
        line("enum " + name + " : uint { TooHot = 256, TooCold = " + to_string(300 + below(70000)) + " }");
        return name;
    }

    struct Scalar {
        const char* name;
        unsigned size;
        bool is_signed;
    };
    const Scalar& any_scalar() {
        static constexpr Scalar kScalars[] = {{"ubyte", 1, false}, {"byte", 1, true}, {"ushort", 2, false}, {"short", 2, true}, {"uint", 4, false}, {"int", 4, true}, {"ulong", 8, false}, {"ulong", 8, false}, {"long", 8, true}};
        return any(kScalars);
    }
    // `may_lack_zero`: where no default is needed.
    string plain_type(bool may_lack_zero = true) {
        if (!structs_.empty() && chance(5)) return any(structs_);
        if (!enums_.empty() && chance(4))
            if (const Enum& of = any(enums_); may_lack_zero || of.has_zero()) return of.name;
        if (chance(8)) return "bool";
        if (chance(12)) {
            schema_.has_floats = true;
            return chance(2) ? "float" : "double";
        }
        return any_scalar().name;
    }
    void add_struct() {
        const string name = type_name();
        comment();
        line("struct " + name + " {");
        std::vector<string> taken;
        for (unsigned n = 1 + below(4); n > 0; --n) {
            const string field = member_name(taken);
            const string type = plain_type();
            line("  " + field + ":" + (chance(5) ? "[" + type + ":" + to_string(1 + below(5)) + "]" : type) + (chance(60) ? " (deprecated)" : "") + ";");
        }
        line("}");
        structs_.push_back(name);
    }

    // `= …` of a scalar, and what it means.
    string scalar_field(const TableInfo& table, const string& field) {
        Default found{space_ + "." + table.name, field, 0, 0, !table.caps};
        string type, value;
        if (!enums_.empty() && chance(3)) {
            const Enum& of = any(enums_);
            type = of.name;
            found.size = of.size;
            const auto& member = any(of.values);
            found.bits = member.second;
            value = member.first;
            if (of.flags && chance(3)) {
                const auto& other = any(of.values);
                found.bits |= other.second;
                value = "\"" + member.first + " " + other.first + "\"";
            } else if (chance(30)) {
                value = of.name + "." + value;
            } else if (chance(4)) {
                value = to_string(found.bits);
            }
            if (of.has_zero() && chance(4)) value.clear(), found.bits = 0;
        } else if (chance(8)) {
            type = "bool", found.size = 1, found.bits = below(2);
            value = found.bits ? (chance(2) ? "true" : "1") : chance(2) ? "false" : "";
        } else if (chance(6)) {
            schema_.has_floats = true;
            const bool narrow = chance(2);
            type = narrow ? "float" : "double";
            const string digits = to_string(below(1000)) + (chance(2) ? "." + to_string(below(1000)) : "e" + to_string(below(30)));
            value = chance(6) ? "-inf" : chance(3) ? "-" + digits : digits;
            found.size = narrow ? 4 : 8;
            found.bits = narrow ? std::bit_cast<std::uint32_t>(std::strtof(value.c_str(), nullptr)) : std::bit_cast<std::uint64_t>(std::strtod(value.c_str(), nullptr));
        } else {
            const Scalar& of = any_scalar();
            type = of.name;
            found.size = of.size;
            if (!chance(3)) {
                found.bits = any_bits(of.size);
                value = spelled(found.bits, of.size, of.is_signed);
            }
        }
        const bool deprecated = chance(10);
        if (!deprecated && chance(8)) return type + " = null";
        if (!deprecated) schema_.defaults.push_back(found);
        return type + (value.empty() ? "" : " = " + value) + (deprecated ? " (deprecated)" : "");
    }
    string bound() { return "max:\"" + to_string(1 + below(chance(8) ? 4000 : 20)) + "\""; }

    void add_table() {
        TableInfo made;
        made.name = type_name();
        const bool caps = chance(6);
        made.caps = caps;
        std::vector<string> taken, fields;
        const unsigned count = below(6);
        for (unsigned i = 0; i < count; ++i) {
            const string field = member_name(taken);
            const string end = chance(8) ? ", deprecated" : "";
            switch (below(6)) {
                case 0: fields.push_back(field + ":string (" + bound() + end + ")"), made.tail = true; break;
                case 1: fields.push_back(field + ":[" + plain_type() + "] (" + bound() + end + ")"), made.tail = true; break;
                case 2: fields.push_back(field + ":" + plain_type(false) + (end.empty() ? "" : " (deprecated)")); break;
                default: fields.push_back(field + ":" + scalar_field(made, field));
            }
        }
        if (caps) {
            static constexpr const char* kKinds[] = {"memory", "notification", "endpoint", "frame", "any", "thread", "ioports", "captable"};
            for (unsigned n = 1 + below(3); n > 0; --n)
                fields.push_back(member_name(taken) + ":Cap (cap:\"" + any(kKinds) + "\"" + (n == 1 && chance(2) ? ", optional" : "") + ")");
        }
        if (chance(12)) fields.push_back(member_name(taken) + ":Area (area:\"" + (chance(2) ? "read" : "write") + "\")"), made.area = true;
        if (chance(3)) fields.push_back("key" + to_string(names_.size()) + ":uint"), made.number = "key" + to_string(names_.size());
        comment();
        line("table " + made.name + " {");
        for (const string& field : fields) {
            comment("  ");
            line("  " + field + ";");
        }
        line("}");
        tables_.push_back(made);
    }

    // Encoding 3: some tables that hold each other, and a union of them.
    void add_nested() {
        std::vector<string> all, taken;
        for (unsigned n = 1 + below(3); n > 0; --n) all.push_back(type_name());
        string cases;
        if (chance(2)) {
            cases = type_name();
            string list;
            for (const string& each : all) list += (list.empty() ? "" : ", ") + each;
            line("union " + cases + " { " + list + " }");
        }
        for (const string& name : all) {
            TableInfo made;
            made.name = name;
            made.flat = false;
            comment();
            line("table " + name + " (encoding:\"flatbuffer\") {");
            taken.clear();
            for (unsigned n = below(7); n > 0; --n) {
                const string field = member_name(taken), end = chance(6) ? ", deprecated" : "";
                comment("  ");
                switch (below(7)) {
                    case 0: line("  " + field + ":string (" + bound() + end + ");"); break;
                    case 1: line("  " + field + ":[" + plain_type() + "] (" + bound() + end + ");"); break;
                    case 2: line("  " + field + ":[string] (" + bound() + ", each:\"9\"" + end + ");"); break;
                    case 3: line("  " + field + ":[" + any(all) + "] (" + bound() + end + ");"); break;
                    case 4: line("  " + field + ":" + (cases.empty() || chance(2) ? any(all) : cases) + (!end.empty() ? " (deprecated)" : chance(5) ? " (required)" : "") + ";"); break;
                    default: line("  " + field + ":" + scalar_field(made, field) + ";");
                }
            }
            line("}");
            tables_.push_back(made);
        }
    }

    const TableInfo& any_table() {
        static const TableInfo kEmpty{"Empty", true, false, false, false, 0, ""};
        return tables_.empty() || chance(5) ? kEmpty : any(tables_);
    }
    void add_service() {
        const string name = type_name();
        string attributes = "id:\"" + to_string(1 + below(65535)) + "\"";
        const bool sessions = chance(2), record = sessions && chance(2), rings = sessions && chance(2);
        if (sessions) attributes += ", inflight:\"" + to_string(1 + below(9)) + "\"";
        if (record) {
            string session = "Empty";
            for (const TableInfo& each : tables_)
                if (each.flat && !each.tail && !each.caps && !each.area) session = each.name;
            if (session != "Empty") attributes += ", session:\"" + session + "\"";
        } else if (sessions && chance(3)) {
            attributes += ", on_restart:\"reset\"";
        }
        if (!error_enum_.empty() && chance(2)) attributes += ", error:\"" + error_enum_ + "\"";
        const bool kinds = chance(8);
        if (kinds) attributes += ", kinds:\"control, " + (use_harsh() ? harsh() : string("client")) + "\"";
        comment();
        line("rpc_service " + name + " (" + attributes + ") {");
        std::vector<string> taken;
        unsigned count = chance(40) ? 60 + below(10) : below(6);
        for (unsigned ordinal = 1; ordinal <= count; ++ordinal) add_call(ordinal, taken, sessions, record, rings, kinds);
        line("}");
    }
    void add_call(unsigned ordinal, std::vector<string>& taken, bool sessions, bool record, bool rings, bool kinds) {
        const string name = member_name(taken, true);
        const TableInfo *request = &any_table(), *response = &any_table();
        string attributes = "ordinal:\"" + to_string(ordinal) + "\"", answer = response->name;
        bool ring = false;
        switch (below(7)) {
            case 0:
                if (!chance(2)) break;
                attributes += chance(2) ? ", oneway" : ", oneway:\"lossy\"", answer = "Empty";
                break;
            case 1:
                if (rings) attributes += ", idempotent, ring:\"16\"", ring = true;
                break;
            case 2:
                if (record && response->flat) {
                    if (kinds) attributes += ", for:\"control\"";
                    comment("  ");
                    return line("  " + name + " (Empty):" + answer + " (" + attributes + ", event);");
                }
                break;
            case 3:
                if (sessions) attributes += ", once";
                break;
            case 4: attributes += ", idempotent, within:\"50ms\""; break;
            case 5: attributes += ", atomic" + string(chance(2) ? ", on_restart:\"fail\"" : ""); break;
            default: break;
        }
        if (kinds && !ring) attributes += chance(2) ? ", for:\"control\"" : ", for:\"control,client\"";
        comment("  ");
        line("  " + name + " (" + request->name + "):" + answer + " (" + attributes + ");");
    }

    std::mt19937_64 engine_;
    std::uint64_t seed_;
    Schema schema_;
    string space_, error_enum_;
    unsigned harsh_names_ = 0;
    std::vector<string> names_, structs_;
    std::vector<Enum> enums_;
    std::vector<TableInfo> tables_;
};

}  // namespace

Schema make(std::uint64_t seed) { return Maker(seed).make(); }

}  // namespace random_schema
