// The test of a schema's messages: each is filled with random values, encoded, decoded by check() and load(), and
// compared field by field. What fill() and same() mean for a number, a string or a capability is said in
// tests/host/idl/round_trip.h; here are the fields.
#include "emit_flat.h"

namespace idlc {
namespace {

class RoundTripEmitter {
public:
    RoundTripEmitter(Text& text, const Schema& schema) : text_(text), schema_(schema) {}

    // Everything, wherever it is declared: messages refer to other files.
    void emit(const std::string& file) {
        text_.line("// Round trips of what ", file, " declares, as idlc wrote them.");
        text_.line("#include <eft/idl/", file.substr(0, file.rfind('.')), ".h>");
        text_.line("#include <round_trip.h>");
        text_.line();
        text_.line("using namespace eft;");
        text_.line("using namespace eft::round_trip;");
        text_.line();
        text_.line("namespace {");
        text_.line();
        each([&](const Table& table) { declare(table); });
        each([&](const Table& table) { define(table); });
        text_.line("}  // namespace");
        for (const Table& table : schema_.tables) {
            if (!table.here || table.is_struct) continue;
            text_.line();
            text_.open("TEST_CASE(\"", table.name.full(), " makes round trips\")");
            text_.line("check_round_trips<", cpp(table), ">([](Dice& dice, auto& value) { fill(dice, value); },");
            text_.line("    [](const auto& sent, const auto& got) { return same(sent, got); });");
            text_.close();
        }
    }

private:
    static std::string cpp(const Table& table) { return "::" + colons(table.name.full()); }
    template <class Do>
    void each(Do what) {
        for (const Table& table : schema_.tables)
            if (table.name.full() != "eft.Cap" && table.name.full() != "eft.Area") what(table);
    }
    static std::string got(const Table& table) { return table.is_flatbuffer ? view_name(cpp(table)) : cpp(table); }

    void declare(const Table& table) {
        text_.line("[[maybe_unused]] void fill(Dice& dice, ", cpp(table), "& value);");
        text_.line("[[maybe_unused]] bool same(const ", cpp(table), "& a, const ", got(table), "& b);");
    }

    void define(const Table& table) {
        text_.open("void fill([[maybe_unused]] Dice& dice, [[maybe_unused]] ", cpp(table), "& value)");
        if (table.is_flatbuffer) text_.line("const Dice::Level level(dice);");
        for (const Field& field : table.fields)
            if (!field.deprecated || table.is_struct) fill(field, table);
        text_.close();
        text_.open("bool same([[maybe_unused]] const ", cpp(table), "& a, [[maybe_unused]] const ", got(table), "& b)");
        text_.line("bool all = true;");
        for (const Field& field : table.fields)
            if (!field.deprecated || table.is_struct) same(field, table);
        text_.line("return all;");
        text_.close();
        text_.line();
    }

    // How one value is made, as a statement about `to`.
    std::string filler(const Type& type, const std::string& to) const {
        switch (type.shape) {
            case Shape::Struct:
            case Shape::Table: return "fill(dice, " + to + ");";
            case Shape::Enum: return to + " = " + any_of(type) + ";";
            default: return "dice.fill(" + to + ");";
        }
    }
    std::string any_of(const Type& type) const {
        const Enum& of = *schema_.find_enum(type.named);
        std::string name = "::" + colons(type.named), values, all;
        for (const EnumValue& each : of.values) {
            values += (values.empty() ? "" : ", ") + name + "::" + each.name;
            all += (all.empty() ? "" : " | ") + std::string("static_cast<u64>(") + name + "::" + each.name + ")";
        }
        if (of.bit_flags) return "static_cast<" + name + ">(dice.word() & (" + all + "))";
        return "dice.one_of({" + values + "})";
    }

    void fill(const Field& field, const Table& table) {
        std::string value = "value." + field.name;
        std::string bound = cpp(table) + "::" + max_name(field);
        const Type& type = field.type;
        switch (type.shape) {
            case Shape::String: return text_.line(value, " = dice.text(", bound, ");");
            case Shape::Cap:
                if (!field.attributes.contains("optional")) return text_.line("dice.fill(", value, ");");
                return text_.line("dice.fill_optional(", value, ");");
            case Shape::Array: return text_.line("for (auto& each : ", value, ") ", filler(type.element[0], "each"));
            case Shape::Vector: {
                const Type& element = type.element[0];
                if (element.shape == Shape::String)
                    return text_.line(value, " = dice.texts(", bound, ", ", cpp(table), "::", each_name(field), ");");
                return text_.line(value, " = dice.vector(", value, ", ", bound, ", [&](auto& each) { ",
                                  filler(element, "each"), " });");
            }
            case Shape::Table:
                return text_.line(field.required ? "" : "if (dice.deeper()) ", value, " = dice.make(", value,
                                  ", [&](auto& each) { fill(dice, each); });");
            case Shape::Union: return fill_union(field);
            default: break;
        }
        if (field.optional)
            text_.line("if (dice.flip()) ", filler(type, value + ".emplace()"));
        else
            text_.line(filler(type, value));
    }
    void fill_union(const Field& field) {
        const Enum& of = *schema_.find_enum(field.type.named);
        unsigned cases = 0;
        text_.open("switch (dice.deeper() ? dice.below(", static_cast<unsigned>(of.values.size()),
                   ") : ", field.required ? "1u" : "0u", ")");
        for (const EnumValue& each : of.values) {
            if (each.value == 0) continue;
            text_.line("case ", ++cases, ": value.", field.name,
                       " = *dice.make(static_cast<const ::", colons(each.table),
                       "*>(nullptr), [&](auto& made) { fill(dice, made); }); break;");
        }
        text_.line(field.required ? "default: dice.give_up();" : "default: break;");
        text_.close();
    }

    void same(const Field& field, const Table& table) {
        std::string a = "a." + field.name, b = "b." + field.name + (table.is_flatbuffer ? "()" : "");
        const Type& type = field.type;
        if (type.shape == Shape::Union) return same_union(field);
        if (type.shape == Shape::Table) {
            if (field.required)
                text_.line("all &= same(*", a, ", ", b, ");");
            else
                text_.line("all &= (", a, " != nullptr) == ", b, ".has_value() && (!", a, " || same(*", a, ", *", b,
                           "));");
            return;
        }
        bool composed = type.shape == Shape::Struct ||
                        (!type.element.empty() &&
                         (type.element[0].shape == Shape::Struct || type.element[0].shape == Shape::Table));
        if (composed && !type.element.empty())
            text_.line("all &= same_elements(", a, ", ", b,
                       ", [](const auto& x, const auto& y) { return same(x, y); });");
        else
            text_.line("all &= ", composed ? "same" : "same_value", "(", a, ", ", b, ");");
    }
    void same_union(const Field& field) {
        const Enum& of = *schema_.find_enum(field.type.named);
        text_.line("all &= a.", field.name, ".kind() == b.", field.name, "_kind();");
        for (const EnumValue& each : of.values) {
            if (each.value == 0) continue;
            std::string sent = "a." + field.name + "." + case_name(each) + "()",
                        got = "b." + field.name + "_" + case_name(each) + "()";
            text_.line("all &= (", sent, " != nullptr) == ", got, ".has_value() && (!", sent, " || same(*", sent, ", *",
                       got, "));");
        }
    }

    Text& text_;
    const Schema& schema_;
};

}  // namespace

std::string emit_round_trip(const Schema& schema, const Source& source) {
    Text text;
    RoundTripEmitter(text, schema).emit(source.path().substr(source.path().rfind('/') + 1));
    return text.str();
}

}  // namespace idlc
