// Encoding 3, how a table is written: put(), and what stands for a union.
#include "emit_flat.h"

#include <algorithm>
#include <map>

namespace idlc {
namespace {

class PutEmitter {
public:
    PutEmitter(Text& text, const Schema& schema, const Table& table)
        : text_(text), schema_(schema), table_(table), name_(table.name.plain), space_(table.name.space) {}

    void emit() {
        place_fields();
        text_.line("// Answers with the table's place in the buffer.");
        text_.open("inline u32 ", name_, "::put(ipc::FlatWriter& out_) const");
        std::string entries = std::to_string(4 + 2 * entries_) + ", " + std::to_string(end_);
        for (unsigned id = 0; id < entries_; ++id)
            entries += ", " + std::to_string(places_.contains(id) ? places_[id] : 0);
        bool varies = std::any_of(table_.fields.begin(), table_.fields.end(), [](const Field& field) {
            return !field.deprecated && (is_reference(field) || field.optional);
        });
        text_.line(varies ? "" : "static constexpr ", "u16 vtable_[] = {", entries,
                   "};  // both sizes, then where each field lies");
        for (const Field& field : table_.fields) {
            if (field.deprecated || (!is_reference(field) && !field.optional)) continue;
            std::string none = "vtable_[" + std::to_string(2 + field.id) + "] = 0;";
            if (field.type.shape == Shape::Union) none = "vtable_[" + std::to_string(1 + field.id) + "] = " + none;
            text_.line("if (", absent(field), ") ", none);
        }
        text_.line("const u32 at_ = out_.table(vtable_);");
        for (const Field& field : table_.fields)
            if (!field.deprecated) emit_put_field(field);
        text_.line("return at_;");
        text_.close();
    }

private:
    std::string cpp(const std::string& full) const { return cpp_name(full, space_); }

    // Where each field lies in the table, behind the offset of the vtable: no gaps but for alignment.
    void place_fields() {
        auto place = [&](unsigned id, unsigned size, unsigned align) {
            end_ = (end_ + align - 1) / align * align;
            places_[id] = end_;
            end_ += size;
            entries_ = std::max(entries_, id + 1);
        };
        for (unsigned align : {4u, 8u, 2u, 1u})
            for (const Field& field : table_.fields) {
                if (field.deprecated) continue;
                if (field.type.shape == Shape::Union && align == 1) place(field.id - 1, 1, 1);
                unsigned its_align = is_reference(field) ? 4 : alignment(field.type);
                if (its_align == align) place(field.id, is_reference(field) ? 4 : field.type.size, align);
            }
    }
    unsigned alignment(const Type& type) const {
        if (type.shape != Shape::Struct) return type.size;
        const Table* inner = schema_.find_table(type.named);
        return inner ? inner->align : 8;
    }

    std::string absent(const Field& field) const {
        const std::string& name = field.name;
        if (field.type.shape == Shape::Union) return name + ".kind() == " + cpp(field.type.named) + "{}";
        return field.type.shape == Shape::Table || field.optional ? "!" + name : name + ".empty()";
    }

    void emit_put_field(const Field& field) {
        std::string at = "(at_ + " + std::to_string(places_[field.id]) + ", ";
        const std::string& name = field.name;
        switch (field.type.shape) {
            case Shape::String: return text_.line("out_.string", at, name, ");");
            case Shape::Table: return text_.line("if (", name, ") out_.refer", at, name, "->put(out_));");
            case Shape::Union:
                text_.open("if (", name, ".kind() != ", cpp(field.type.named), "{})");
                text_.line("out_.put(at_ + ", places_[field.id - 1], ", ", name, ".kind());");
                text_.line("out_.refer", at, name, ".put(out_));");
                return text_.close();
            case Shape::Vector:
                return text_.line("out_.",
                                  element_shape(field) == Shape::String  ? "strings"
                                  : element_shape(field) == Shape::Table ? "tables"
                                                                         : "vector",
                                  at, name, ");");
            default: break;
        }
        if (field.optional)
            text_.line("if (", name, ") out_.put", at, "*", name, ");");
        else
            text_.line("out_.put", at, name, ");");
    }

    Text& text_;
    const Schema& schema_;
    const Table& table_;
    const std::string& name_;
    const std::string& space_;
    std::map<unsigned, unsigned> places_;  // by id
    unsigned end_ = 4;
    unsigned entries_ = 0;
};

}  // namespace

void emit_put(Text& text, const Schema& schema, const Table& table) { PutEmitter(text, schema, table).emit(); }

// What a sender puts where a union stands: one of its tables, by reference.
void emit_reference(Text& text, const Enum& type) {
    const std::string& name = type.name.plain;
    text.open("class ", name, "Ref");
    text.flush_left("public:");
    text.line(name, "Ref() = default;");
    for (const EnumValue& each : type.values)
        if (each.value != 0)
            text.line(name, "Ref(const ", cpp_name(each.table, type.name.space), "& value) : kind_(", name,
                      "::", each.name, "), value_(&value) {}");
    text.line(name, " kind() const { return kind_; }");
    for (const EnumValue& each : type.values)
        if (each.value != 0) {
            std::string held = "const " + cpp_name(each.table, type.name.space) + "*";
            text.line(held, " ", case_name(each), "() const { return kind_ == ", name, "::", each.name,
                      " ? static_cast<", held, ">(value_) : nullptr; }");
        }
    text.line("bool fits() const;");
    text.line("u32 put(ipc::FlatWriter& out) const;");
    text.line();
    text.flush_left("private:");
    text.line(name, " kind_ = {};");
    text.line("const void* value_ = nullptr;");
    text.close("};");
    text.line();
}

void emit_reference_bodies(Text& text, const Enum& type) {
    auto each_case = [&](const std::string& head, const std::string& call, const std::string& otherwise) {
        text.open(head);
        text.open("switch (kind_)");
        for (const EnumValue& each : type.values)
            if (each.value != 0)
                text.line("case ", type.name.plain, "::", each.name, ": return static_cast<const ",
                          cpp_name(each.table, type.name.space), "*>(value_)->", call, ";");
        text.line("default: return ", otherwise, ";");
        text.close();
        text.close();
    };
    each_case("inline bool " + type.name.plain + "Ref::fits() const", "fits()", "true");
    each_case("inline u32 " + type.name.plain + "Ref::put(ipc::FlatWriter& out) const", "put(out)", "0");
    text.line();
}

}  // namespace idlc
