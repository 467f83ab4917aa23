#include "defaults.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>

namespace idlc {
namespace {

// "18446744073709551615", "+7", "0xff".
std::optional<std::uint64_t> number_of(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// Numbers and, of an enum, its values, with blanks between them: "One High". Without `type`, a number.
std::optional<std::uint64_t> value_of(const std::string& text, const Enum* type) {
    std::istringstream words(text);
    std::optional<std::uint64_t> all;
    for (std::string word; words >> word;) {
        std::optional<std::uint64_t> one = number_of(word);
        if (!one && type)
            for (const EnumValue& each : type->values)
                if (each.name == word.substr(word.rfind('.') + 1)) one = static_cast<std::uint64_t>(each.value);
        if (!one || (all && !type)) return std::nullopt;
        all = all.value_or(0) | *one;
    }
    return all;
}

class Restorer {
public:
    Restorer(Schema& schema, const Source& source, Diagnostics& diagnostics) : schema_(schema), source_(source), diagnostics_(diagnostics) {}

    void restore() {
        for (Table& table : schema_.tables)
            for (Field& field : table.fields)
                if (may_be_lost(field)) restore(table, field);
    }

private:
    const Enum* enum_of(const Field& field) const {
        return field.type.shape == Shape::Enum ? schema_.find_enum(field.type.named) : nullptr;
    }
    bool may_be_lost(const Field& field) const {
        const Enum* type = enum_of(field);
        const bool is_number = field.type.shape == Shape::Integer || (type && !type->is_union);
        return is_number && field.type.size == 8 && !field.type.is_signed && !field.optional && field.absent == 0;
    }

    void restore(Table& table, Field& field) {
        const Source* source = table.here ? &source_ : included(table.file);
        table.defaults_known &= source != nullptr;
        if (!source) return;
        const std::string text = source->default_of(table.name.full(), field.name);
        if (text.empty()) return;
        const auto value = value_of(text, enum_of(field));
        if (value) field.absent = static_cast<std::int64_t>(*value);
        else
            diagnostics_.refuse(table.here ? source_.line_of(table.name.full(), field.name) : 1, table.name.plain + "." + field.name + " has the default " + text,
                                "a number, or names of the enum's values");
    }

    const Source* included(const std::string& file) {
        auto [found, is_new] = included_.try_emplace(file);
        std::optional<Source>& source = found->second;
        // flatc ran in the folder of its input, or in this one.
        for (const std::filesystem::path& folder : {std::filesystem::path(source_.path()).parent_path(), std::filesystem::path()}) {
            if (!is_new || source) break;
            if (!source.emplace().load((folder / file).string())) source.reset();
        }
        return source ? &*source : nullptr;
    }

    Schema& schema_;
    const Source& source_;
    Diagnostics& diagnostics_;
    std::map<std::string, std::optional<Source>> included_;
};

}  // namespace

void restore_defaults(Schema& schema, const Source& source, Diagnostics& diagnostics) {
    Restorer(schema, source, diagnostics).restore();
}

}  // namespace idlc
