// Encoding 3. A table becomes two types: X is what a sender fills in, plain fields that refer to what the sender has;
// and XView is what a receiver gets, a pointer into the message with a function for each field.
#include "emit_flat.h"

namespace idlc {
namespace {

class FlatEmitter {
public:
    FlatEmitter(Text& text, const Schema& schema, const Table& table)
        : text_(text), schema_(schema), table_(table), name_(table.name.plain), space_(table.name.space) {}

    void emit_sent() {
        text_.comments(table_.comments);
        text_.open("struct ", name_);
        for (const Field& field : table_.fields) {
            if (field.deprecated) continue;
            text_.comments(field.comments);
            text_.line(member(field));
        }
        if (!table_.fields.empty()) text_.line();
        text_.line("using View = ", name_, "View;  // what a receiver gets");
        for (const Field& field : table_.fields) {
            if (field.max == 0 || field.deprecated) continue;
            text_.line("static constexpr std::size_t ", max_name(field), " = ", field.max, ";");
            if (field.max_each)
                text_.line("static constexpr std::size_t ", each_name(field), " = ", field.max_each, ";");
        }
        for (const char* constant :
             {"kFlatWords = 1", "kTailWords = eft::kMaxWords - eft::kRegisterWords", "kCaps = 0", "kRequiredCaps = 0"})
            text_.line("static constexpr unsigned ", constant, ";");
        for (const char* constant : {"kHasArea", "kNarrows"})
            text_.line("static constexpr bool ", constant, " = false;");
        text_.line();
        text_.line("bool fits() const;");
        text_.line("u32 put(ipc::FlatWriter& out_) const;");
        text_.line("template <class Writer>");
        text_.open("void encode(Writer& out_) const");
        text_.line("out_.set(0, kFlatWords | out_.flatbuffer(*this) << 32);");
        text_.close();
        text_.line("template <class Reader>");
        text_.line("static bool check(const Reader& in_);");
        text_.line("template <class Reader>");
        text_.line("static View load(const Reader& in_);");
        text_.close("};");
        text_.line();
    }

    void emit_received() {
        text_.comments(table_.comments);
        text_.open("class ", name_, "View : public ipc::FlatView");
        text_.flush_left("public:");
        text_.line("using ipc::FlatView::FlatView;");
        for (const Field& field : table_.fields) {
            if (field.deprecated) continue;
            text_.comments(field.comments);
            if (field.type.shape == Shape::Union) {
                declare_union(field);
            } else {
                text_.line(result(field), " ", field.name, "() const;");
            }
        }
        text_.line("static bool check(ipc::FlatChecker& in_, const u8* at_);");
        text_.close("};");
        text_.line();
    }

    void emit_bodies() {
        for (const Field& field : table_.fields)
            if (!field.deprecated) emit_accessor(field);
        emit_fits();
        emit_put(text_, schema_, table_);
        emit_check();
        text_.line("template <class Reader>");
        text_.line("bool ", name_, "::check(const Reader& in_) { return ipc::check_flat<View>(in_); }");
        text_.line("template <class Reader>");
        text_.line("auto ", name_, "::load(const Reader& in_) -> View { return ipc::load_flat<View>(in_); }");
        text_.line();
    }

private:
    std::string cpp(const std::string& full) const { return cpp_name(full, space_); }
    std::string view(const std::string& full) const { return view_name(cpp_name(full, space_)); }
    const Enum& cases(const Field& field) const { return *schema_.find_enum(field.type.named); }
    static std::string slot(unsigned id) { return std::to_string(4 + 2 * id); }
    static std::string slot(const Field& field) { return slot(field.id); }
    // The field that says which case a union is stands before it.
    static std::string kind_slot(const Field& field) { return slot(field.id - 1); }

    std::string member(const Field& field) const {
        const std::string& name = field.name;
        switch (field.type.shape) {
            case Shape::String: return "std::string_view " + name + " = {};  // at most " + max_name(field) + " bytes";
            case Shape::Table:
                return "const " + cpp(field.type.named) + "* " + name + " = nullptr;" +
                       (field.required ? "  // required" : "");
            case Shape::Union:
                return reference_name(cpp(field.type.named)) + " " + name + " = {};" + (field.required ? "  // required" : "");
            case Shape::Vector:
                return "std::span<const " + sent_element(field) + "> " + name + " = {};  // at most " + max_name(field);
            default: break;
        }
        std::string type = cpp_type(field.type, space_), absent = default_of(schema_, field, space_);
        if (field.optional) return "std::optional<" + type + "> " + name + " = {};";
        return type + " " + name + " = " + (absent.empty() ? "{}" : absent) + ";";
    }
    std::string sent_element(const Field& field) const {
        const Type& element = field.type.element[0];
        if (element.shape == Shape::String) return "std::string_view";
        return element.shape == Shape::Table ? cpp(element.named) : cpp_type(element, space_);
    }

    std::string result(const Field& field) const {
        switch (field.type.shape) {
            case Shape::String: return "std::string_view";
            case Shape::Table:
                return field.required ? view(field.type.named) : "std::optional<" + view(field.type.named) + ">";
            case Shape::Vector:
                if (element_shape(field) == Shape::String) return "ipc::FlatVector<std::string_view>";
                if (element_shape(field) == Shape::Table)
                    return "ipc::FlatVector<" + view(field.type.element[0].named) + ">";
                return "std::span<const " + sent_element(field) + ">";
            default: break;
        }
        std::string type = cpp_type(field.type, space_);
        return field.optional ? "std::optional<" + type + ">" : type;
    }
    std::string read(const Field& field) const {
        std::string at = "(" + slot(field);
        switch (field.type.shape) {
            case Shape::String: return "string_" + at + ")";
            case Shape::Struct: return "struct_<" + cpp_type(field.type, space_) + ">" + at + ")";
            case Shape::Table:
                return (field.required ? "there_<" : "nested_<") + view(field.type.named) + ">" + at + ")";
            case Shape::Vector:
                if (element_shape(field) == Shape::String) return "elements_<std::string_view>" + at + ")";
                if (element_shape(field) == Shape::Table)
                    return "elements_<" + view(field.type.element[0].named) + ">" + at + ")";
                return "vector_<" + sent_element(field) + ">" + at + ")";
            default: break;
        }
        std::string type = cpp_type(field.type, space_), absent = default_of(schema_, field, space_);
        if (field.optional) return "optional_<" + type + ">" + at + ")";
        return "scalar_<" + type + ">" + at + ", " + (absent.empty() ? type + "{}" : absent) + ")";
    }

    void declare_union(const Field& field) {
        text_.line(cpp(field.type.named), " ", field.name, "_kind() const;");
        for (const EnumValue& each : cases(field).values)
            if (each.value != 0)
                text_.line("std::optional<", view(each.table), "> ", field.name, "_", case_name(each), "() const;");
    }
    void emit_accessor(const Field& field) {
        std::string scope = name_ + "View::";
        if (field.type.shape != Shape::Union) {
            text_.line("inline ", result(field), " ", scope, field.name, "() const { return ", read(field), "; }");
            return;
        }
        std::string kind = cpp(field.type.named);
        text_.line("inline ", kind, " ", scope, field.name, "_kind() const { return scalar_<", kind, ">(",
                   kind_slot(field), ", ", kind, "{}); }");
        for (const EnumValue& each : cases(field).values) {
            if (each.value == 0) continue;
            text_.open("inline std::optional<", view(each.table), "> ", scope, field.name, "_",
                       case_name(each), "() const");
            text_.line("if (", field.name, "_kind() != ", kind, "::", each.name, ") return std::nullopt;");
            text_.line("return nested_<", view(each.table), ">(", slot(field), ");");
            text_.close();
        }
    }

    void emit_fits() {
        std::vector<std::string> conditions;
        for (const Field& field : table_.fields) {
            if (field.deprecated) continue;
            const std::string& name = field.name;
            if (field.max != 0) conditions.push_back(name + ".size() <= " + max_name(field));
            if (element_shape(field) == Shape::String)
                conditions.push_back("ipc::all_of(" + name +
                                     ", [](const auto& each) { return each.size() <= " + each_name(field) + "; })");
            if (element_shape(field) == Shape::Table)
                conditions.push_back("ipc::all_of(" + name + ", [](const auto& each) { return each.fits(); })");
            if (field.type.shape == Shape::Table)
                conditions.push_back(field.required ? name + " && " + name + "->fits()"
                                                    : "(!" + name + " || " + name + "->fits())");
            if (field.type.shape == Shape::Union)
                conditions.push_back((field.required ? name + ".kind() != " + cpp(field.type.named) + "{} && " : "") +
                                     name + ".fits()");
        }
        text_.open("inline bool ", name_, "::fits() const");
        text_.return_all(conditions);
        text_.close();
    }

    void emit_check() {
        std::vector<std::string> conditions = {"in_.enter(at_)"};
        bool looks = false;  // into the view
        for (const Field& field : table_.fields) {
            if (field.deprecated) continue;
            std::string at = "(at_, " + slot(field);
            switch (field.type.shape) {
                case Shape::String:
                    conditions.push_back("in_.string" + at + ", " + name_ + "::" + max_name(field) + ")");
                    continue;
                case Shape::Table:
                    if (field.required) conditions.push_back("in_.there" + at + ")");
                    conditions.push_back("in_.nested<" + view(field.type.named) + ">" + at + ")");
                    continue;
                case Shape::Union: looks = true, check_union(field, conditions); continue;
                case Shape::Vector: check_vector(field, conditions); break;
                default: conditions.push_back("in_.scalar<" + cpp_type(field.type, space_) + ">" + at + ")"); break;
            }
            if (field.type.shape == Shape::Bool || !needs_check(schema_, field.type)) continue;
            looks = true;
            if (field.type.shape == Shape::Vector)
                conditions.push_back("ipc::all_of(view_." + field.name + "(), [](const auto& each) { return " +
                                     check_of(field.type.element[0], "each") + "; })");
            else if (field.optional)
                conditions.push_back("(!view_." + field.name + "() || valid(*view_." + field.name + "()))");
            else
                conditions.push_back("valid(view_." + field.name + "())");
        }
        conditions.push_back("in_.leave()");
        text_.line("// False: what lies there is no ", name_, ".");
        text_.open("inline bool ", name_, "View::check(ipc::FlatChecker& in_, const u8* at_)");
        if (looks) text_.line("const ", name_, "View view_(at_);");
        text_.return_all(conditions);
        text_.close();
    }
    void check_vector(const Field& field, std::vector<std::string>& conditions) const {
        std::string arguments = "(at_, " + slot(field) + ", " + name_ + "::" + max_name(field);
        switch (element_shape(field)) {
            case Shape::String:
                conditions.push_back("in_.strings" + arguments + ", " + name_ + "::" + each_name(field) + ")");
                break;
            case Shape::Table:
                conditions.push_back("in_.tables<" + view(field.type.element[0].named) + ">" + arguments + ")");
                break;
            default: conditions.push_back("in_.vector<" + sent_element(field) + ">" + arguments + ")");
        }
    }
    void check_union(const Field& field, std::vector<std::string>& conditions) const {
        std::string kind = cpp(field.type.named);
        conditions.push_back("in_.scalar<" + kind + ">(at_, " + kind_slot(field) + ")");
        conditions.push_back("valid(view_." + field.name + "_kind())");
        std::string is = "view_." + field.name + "_kind() == " + kind;
        if (field.required) conditions.push_back("!(" + is + "{})");
        conditions.push_back("(" + is + "{} || in_.there(at_, " + slot(field) + "))");
        for (const EnumValue& each : cases(field).values)
            if (each.value != 0)
                conditions.push_back("(!(" + is + "::" + each.name + ") || in_.nested<" + view(each.table) + ">(at_, " +
                                     slot(field) + "))");
    }

    Text& text_;
    const Schema& schema_;
    const Table& table_;
    const std::string& name_;
    const std::string& space_;
};

}  // namespace

std::string received_name(const Schema& schema, const std::string& full, const std::string& space) {
    const Table* table = schema.find_table(full);
    return table && table->is_flatbuffer ? view_name(cpp_name(full, space)) : cpp_name(full, space);
}

void emit_flatbuffers(Text& text, const Schema& schema) {
    auto tables = [&](auto emit) {
        for (const Table& table : schema.tables) {
            if (!table.here || !table.is_flatbuffer) continue;
            text.enter_namespace(table.name.space);
            emit(table);
        }
    };
    auto unions = [&](auto emit) {
        for (const Enum& type : schema.enums) {
            if (!type.here || !type.is_union) continue;
            text.enter_namespace(type.name.space);
            emit(type);
        }
    };
    tables([&](const Table& table) {
        text.line("struct ", table.name.plain, ";");
        text.line("class ", table.name.plain, "View;");
    });
    unions([&](const Enum& type) { emit_reference(text, type); });
    tables([&](const Table& table) { FlatEmitter(text, schema, table).emit_sent(); });
    tables([&](const Table& table) { FlatEmitter(text, schema, table).emit_received(); });
    unions([&](const Enum& type) { emit_reference_bodies(text, type); });
    tables([&](const Table& table) { FlatEmitter(text, schema, table).emit_bodies(); });
}

}  // namespace idlc
