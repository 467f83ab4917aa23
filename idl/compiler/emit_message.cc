// A table as a message: a plain struct that knows its place in words.
#include "emit.h"

#include <algorithm>

namespace idlc {
namespace {

bool is_view(const Field& field) { return field.type.shape == Shape::String || field.type.shape == Shape::Vector; }
bool is_large_struct(const Field& field) { return field.type.shape == Shape::Struct && field.type.size > 8; }

class MessageEmitter {
public:
    MessageEmitter(Text& text, const Schema& schema, const Table& table)
        : text_(text), schema_(schema), table_(table), space_(table.name.space) {}

    void emit() {
        text_.comments(table_.comments);
        text_.open("struct ", table_.name.plain);
        for (const Field& field : table_.fields) {
            if (field.deprecated) continue;
            text_.comments(field.comments);
            text_.line(member(field));
        }
        if (!table_.fields.empty()) text_.line();
        emit_constants();
        emit_fits();
        emit_encode();
        emit_check();
        emit_load();
        if (table_.has_tail()) emit_follow_tail();
        if (table_.caps != 0) emit_for_each_cap();
        text_.close("};");
        text_.line();
    }

private:
    std::string element_type(const Field& field) const {
        return field.type.shape == Shape::String ? "char" : cpp_type(field.type.element[0], space_);
    }

    std::string cap_kind(const Field& field) const {
        if (!field.cap_service.empty()) return "ipc::kind::EndpointOf<" + cpp_name(field.cap_service, space_) + ">";
        if (field.cap_kind == "ioports") return "ipc::kind::IoPorts";
        if (field.cap_kind == "captable") return "ipc::kind::CapTable";
        return "ipc::kind::" + camel_case(field.cap_kind);
    }

    std::string absent(const Field& field) const { return default_of(schema_, field, space_); }

    std::string member(const Field& field) const {
        switch (field.type.shape) {
            case Shape::String:
                return "std::string_view " + field.name + " = {};  // at most " + max_name(field) + " bytes";
            case Shape::Vector:
                return "std::span<const " + element_type(field) + "> " + field.name + " = {};  // at most " +
                       max_name(field);
            case Shape::Cap: return "ipc::CapField<" + cap_kind(field) + "> " + field.name + " = {};";
            case Shape::Area:
                return "ipc::AreaSpan " + field.name + " = {};  // the server " +
                       (field.attributes.at("area") == "read" ? "reads" : "writes") + " there";
            default: {
                if (field.optional)
                    return "std::optional<" + cpp_type(field.type, space_) + "> " + field.name + " = {};";
                std::string value = absent(field);
                return cpp_type(field.type, space_) + " " + field.name + " = " + (value.empty() ? "{}" : value) + ";";
            }
        }
    }

    void emit_constants() {
        for (const Field& field : table_.fields)
            if (is_view(field) && !field.deprecated)
                text_.line("static constexpr std::size_t ", max_name(field), " = ", field.max, ";");
        text_.line("static constexpr unsigned kFlatWords = ", table_.flat_words, ";");
        text_.line("static constexpr unsigned kTailWords = ", table_.tail_words, ";");
        text_.line("static constexpr unsigned kCaps = ", table_.caps, ";");
        text_.line("static constexpr unsigned kRequiredCaps = ", table_.required_caps, ";");
        text_.line("static constexpr bool kHasArea = ", table_.has_area ? "true" : "false", ";");
        text_.line("static constexpr bool kNarrows = ", table_.narrows ? "true" : "false", ";");
        text_.line();
    }

    void emit_fits() {
        std::vector<std::string> conditions;
        for (const Field& field : table_.fields) {
            if (is_view(field) && !field.deprecated) conditions.push_back(field.name + ".size() <= " + max_name(field));
            if (field.type.shape == Shape::Cap && field.cap_index < table_.required_caps)
                conditions.push_back(field.name + ".present()");
        }
        text_.open(conditions.empty() ? "static constexpr bool fits()" : "bool fits() const");
        text_.return_all(conditions);
        text_.close();
    }

    std::string bits_of(const Field& field) const {
        if (is_view(field)) return field.name + "_tail_";
        if (field.type.shape == Shape::Area) return field.name + ".bits()";
        if (field.optional) return "ipc::bits(" + field.name + ".value_or(" + cpp_type(field.type, space_) + "{}))";
        std::string value = absent(field);
        return "ipc::bits(" + field.name + (value.empty() ? "" : ", " + cpp_typed(field, value)) + ")";
    }
    // A literal default takes the field's type, which template deduction wants.
    std::string cpp_typed(const Field& field, const std::string& value) const {
        return field.type.shape == Shape::Integer || field.type.shape == Shape::Float
                   ? cpp_type(field.type, space_) + "{" + value + "}"
                   : value;
    }

    // What little code it takes stays with the stub, so that the message can stay in machine registers.
    const char* inlined() const { return table_.is_short() ? "[[gnu::always_inline]] " : ""; }

    void emit_encode() {
        bool uses_out = table_.flat_words != 0 || table_.caps != 0;
        text_.line();
        text_.line("template <class Writer>");
        text_.open(inlined(), "void encode(Writer& ", uses_out ? "out" : "", ") const");
        for (const Field& field : table_.fields)
            if (is_view(field) && !field.deprecated)
                text_.line("const u64 ", field.name, "_tail_ = out.tail(", field.name, ");");
        std::vector<std::string> words(table_.flat_words);
        std::vector<bool> stored(table_.flat_words);
        if (table_.has_tail()) words[0] = "kFlatWords";
        for (const Field& field : table_.fields) {
            if (field.deprecated || field.type.shape == Shape::Cap) continue;
            unsigned word = field.offset / 8, shift = field.offset % 8 * 8;
            if (is_large_struct(field)) {
                text_.line("ipc::store_struct(out, ", word, ", ", field.name, ");");
                for (unsigned i = 0; i < (field.type.size + 7) / 8; ++i) stored[word + i] = true;
                continue;
            }
            add_bits(words[word], bits_of(field), shift);
            if (field.optional)
                add_bits(words[field.presence_bit / 64], "u64{" + field.name + ".has_value()}",
                         field.presence_bit % 64);
        }
        for (unsigned i = 0; i < table_.flat_words; ++i)
            if (!stored[i]) text_.line("out.set(", i, ", ", words[i].empty() ? "0" : words[i], ");");
        for (const Field& field : table_.fields)
            if (field.type.shape == Shape::Cap)
                text_.line("out.cap(", field.cap_index, ", ", field.name, rights_of(field), ");");
        text_.close();
    }
    static void add_bits(std::string& word, const std::string& bits, unsigned shift) {
        word += (word.empty() ? "" : " | ") + bits + (shift ? " << " + std::to_string(shift) : "");
    }
    static std::string rights_of(const Field& field) {
        if (field.rights == kAllRights) return "";
        return ", eft::Rights{" + std::to_string(field.rights) + "}";
    }

    static std::string word_at(unsigned bit) {
        return "in.word(" + std::to_string(bit / 64) + ")" + (bit % 64 ? " >> " + std::to_string(bit % 64) : "");
    }
    static std::string word_of(const Field& field) { return word_at(field.offset * 8); }
    static std::string present(const Field& field) { return "ipc::is_set(" + word_at(field.presence_bit) + ")"; }

    std::string value_of(const Field& field) const {
        std::string word = word_of(field);
        switch (field.type.shape) {
            case Shape::String: return "in.tail().string(" + word + ")";
            case Shape::Vector: return "in.tail().template vector<" + element_type(field) + ">(" + word + ")";
            case Shape::Cap: return "in.template cap<" + cap_kind(field) + ">(" + std::to_string(field.cap_index) + ")";
            case Shape::Area: return "ipc::AreaSpan::from_bits(" + word + ", in.area())";
            default: break;
        }
        if (is_large_struct(field))
            return "ipc::load_struct<" + cpp_type(field.type, space_) + ">(in, " + std::to_string(field.offset / 8) +
                   ")";
        if (field.optional)
            return "ipc::optional_from_bits<" + cpp_type(field.type, space_) + ">(" + word + ", " + present(field) +
                   ")";
        std::string value = absent(field);
        return "ipc::from_bits<" + cpp_type(field.type, space_) + ">(" + word + (value.empty() ? "" : ", " + value) +
               ")";
    }

    void emit_check() {
        std::vector<std::string> conditions;
        for (const Field& field : table_.fields) {
            if (field.deprecated) continue;
            if (field.type.shape == Shape::Bool) {
                conditions.push_back("ipc::is_bool(" + word_of(field) + ")");
                continue;
            }
            if (field.type.shape == Shape::Area)
                conditions.push_back("ipc::AreaSpan::inside(" + word_of(field) + ", in.area())");
            if (is_view(field))
                conditions.push_back("in.tail().template holds<" + element_type(field) + ">(" + word_of(field) + ", " +
                                     max_name(field) + ")");
            if (!needs_check(schema_, field.type)) continue;
            if (is_view(field))
                conditions.push_back("ipc::all_of(" + value_of(field) + ", [](const auto& each) { return " +
                                     check_of(field.type.element[0], "each") + "; })");
            else if (field.optional)  // what is absent reads as 0, which need not be a value
                conditions.push_back("(!" + present(field) + " || valid(*" + value_of(field) + "))");
            else
                conditions.push_back("valid(" + value_of(field) + ")");
        }
        text_.line();
        text_.line("// False: the words are no ", table_.name.plain, ".");
        text_.line("template <class Reader>");
        text_.open(inlined(), "static bool check(const Reader&", conditions.empty() ? "" : " in", ")");
        text_.return_all(conditions);
        text_.close();
    }

    void emit_load() {
        bool any = false;
        for (const Field& field : table_.fields) any |= !field.deprecated;
        text_.line();
        text_.line("// Of words that passed check().");
        text_.line("template <class Reader>");
        text_.open(inlined(), "static ", cpp_name(table_.name.full(), space_), " load(Reader&", any ? " in" : "", ")");
        if (!any) {
            text_.line("return {};");
        } else {
            text_.line("return {");
            text_.indent();
            for (const Field& field : table_.fields)
                if (!field.deprecated) text_.line(".", field.name, " = ", value_of(field), ",");
            text_.unindent();
            text_.line("};");
        }
        text_.close();
    }

    void emit_follow_tail() {
        text_.line();
        text_.line("// The tail was moved: strings and vectors point to its new place.");
        const bool any = std::any_of(table_.fields.begin(), table_.fields.end(), [](const Field& field) { return is_view(field) && !field.deprecated; });
        text_.open("void follow_tail(const void*", any ? " from" : "", ", const void*", any ? " to)" : ")");
        for (const Field& field : table_.fields)
            if (is_view(field) && !field.deprecated) text_.line("ipc::follow(", field.name, ", from, to);");
        text_.close();
    }

    void emit_for_each_cap() {
        text_.line();
        text_.line("template <class Visit>");
        text_.open("void for_each_cap(Visit&& visit)");
        for (const Field& field : table_.fields)
            if (field.type.shape == Shape::Cap) text_.line("visit(", field.cap_index, ", ", field.name, ");");
        text_.close();
    }

    Text& text_;
    const Schema& schema_;
    const Table& table_;
    const std::string& space_;
};

}  // namespace

void emit_message(Text& text, const Schema& schema, const Table& table) { MessageEmitter(text, schema, table).emit(); }

}  // namespace idlc
