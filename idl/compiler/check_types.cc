#include "check.h"
#include "layout.h"

#include <algorithm>

namespace idlc {
namespace {

class TypeChecker {
public:
    TypeChecker(Schema& schema, const Source& source, Diagnostics& diagnostics)
        : schema_(schema), source_(source), diagnostics_(diagnostics) {}

    void check_enum(const Enum& type) {
        if (!type.here) return;
        check_name(type.name, source_.line_of(type.name.full()));
        if (!type.is_union) return;
        for (const EnumValue& value : type.values) check_case(type, value);
    }

    void check_table(Table& table) {
        is_builtin_ = table.name.full() == "eft.Cap" || table.name.full() == "eft.Area";
        table_ = &table;
        if (table.here) check_name(table.name, source_.line_of(table.name.full()));
        check_table_attributes();
        for (Field& field : table.fields) {
            field_ = &field;
            if (table.is_struct)
                check_struct_field();
            else
                check_field(schema_, source_, diagnostics_, table, field);
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
    void refuse(const std::string& message, const std::string& hint) {
        if (table_->here)
            diagnostics_.refuse(source_.line_of(table_->name.full(), field_->name),
                                table_->name.plain + "." + field_->name + " " + message, hint);
    }
    void refuse_table(const std::string& message, const std::string& hint) {
        if (table_->here)
            diagnostics_.refuse(source_.line_of(table_->name.full()), table_->name.plain + " " + message, hint);
    }
    void check_name(const Name& name, int line) {
        if (name.space != "eft" && !name.space.starts_with("eft."))
            diagnostics_.refuse(line, name.plain + " is not in a namespace of Eft", "begin with `namespace eft.…;`");
    }

    void check_case(const Enum& type, const EnumValue& value) {
        if (value.value == 0) return;  // NONE
        for (const EnumValue& other : type.values)
            if (other.value < value.value && other.table == value.table)
                diagnostics_.refuse(source_.line_of(type.name.full()),
                                    type.name.plain + "." + value.name + " holds the same table as " + other.name,
                                    "give each case a table of its own");
        const Table* table = schema_.find_table(value.table);
        std::string subject = type.name.plain + "." + value.name;
        if (!table || table->is_struct)
            diagnostics_.refuse(source_.line_of(type.name.full()), subject + " is no table",
                                "a union holds tables; put the value into one");
        else if (!wants_flatbuffer(*table))
            diagnostics_.refuse(source_.line_of(type.name.full()),
                                subject + " is a table that does not say that it needs encoding 3",
                                "write `table " + table->name.plain + " (encoding:\"flatbuffer\")`");
    }

    void check_table_attributes() {
        for (const auto& [key, value] : table_->attributes) {
            if (key == "encoding" && !table_->is_struct) {
                table_->is_flatbuffer = value == "flatbuffer";
                if (!table_->is_flatbuffer)
                    refuse_table("has encoding:\"" + value + "\", which is unknown",
                                 "the only value is \"flatbuffer\"");
            } else {
                refuse_table("has the attribute '" + key + "', which means nothing on a " +
                                 (table_->is_struct ? "struct" : "table"),
                             table_->is_struct ? "remove it" : "a table can have: encoding");
            }
        }
    }

    void check_struct_field() {
        if (is_builtin_) return;
        for (const auto& [key, value] : field_->attributes)
            if (key != "id" && key != "deprecated")
                refuse("has the attribute '" + key + "', which means nothing in a struct", "remove it");
        const Type& type = field_->type.element.empty() ? field_->type : field_->type.element[0];
        if (type.shape == Shape::Cap || type.shape == Shape::Area)
            refuse("cannot stand in a struct", "make it a field of the table");
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
