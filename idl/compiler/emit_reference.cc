// The reference page of a schema, in Markdown: each service with its calls, each table with its fields, as people who
// call it want to know them. Comments are the schema's.
#include "authority.h"
#include "emit.h"
#include "schema_words.h"

#include <algorithm>
#include <set>

namespace idlc {
namespace {

// Markdown's own characters that stand in comments by chance.
std::string escaped(const std::string& text) {
    std::string result;
    for (char c : text) {
        if (c == '|' || c == '<' || c == '*' || c == '_' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

// The lines of a comment as one paragraph; empty if there is none.
std::string paragraph(const Comments& comments) {
    std::string text;
    for (const std::string& line : comments) {
        std::size_t start = std::min(line.find_first_not_of(' '), line.size());
        text += (text.empty() ? "" : " ") + line.substr(start);
    }
    return escaped(text);
}

std::string as_code(const std::string& text) { return "`" + text + "`"; }

class ReferenceEmitter {
public:
    ReferenceEmitter(const Schema& schema, const Source& source) : schema_(schema), source_(source) {}

    std::string emit() {
        std::string file = source_.path().substr(source_.path().rfind('/') + 1);
        line("# ", file.substr(0, file.rfind('.')));
        line();
        line("Generated from `", file, "` by idlc. What the words mean stands in docs/idl-reference.md.");
        for (const Service& service : schema_.services)
            if (service.here) emit_service(service);
        emit_section("Messages", false);
        emit_section("Structs", true);
        emit_enums();
        return text_;
    }

private:
    template <class... Parts>
    void line(const Parts&... parts) {
        (text_.append(parts), ...);
        text_ += '\n';
    }
    void prose(const Comments& comments) {
        if (comments.empty()) return;
        line();
        line(paragraph(comments));
    }

    void emit_service(const Service& service) {
        space_ = service.name.space;
        line();
        line("## Service ", service.name.plain);
        prose(service.comments);
        line();
        line("| interface | |");
        line("|---|---|");
        line("| id | ", std::to_string(service.id), " |");
        line("| version | ", std::to_string(service.version), " |");
        line("| sessions | ", sessions_of(service), " |");
        if (!service.kinds.empty()) line("| kinds of session | ", kinds_in_words(service), " |");
        if (service.inflight != 0) line("| requests of a session at once | ", std::to_string(service.inflight), " |");
        if (service.ring_entries != 0) line("| entries of the ring | ", std::to_string(service.ring_entries), " |");
        if (!service.session_table.empty()) line("| kept per session | ", linked(service.session_table), " |");
        if (!service.error_enum.empty()) line("| errors of its own | ", linked(service.error_enum), " |");
        line();
        const bool kinds = !service.kinds.empty();
        line("| ordinal | call | request | response | travels as | may be repeated | after a death |", kinds ? " for |" : "");
        line("|---|---|---|---|---|---|---|", kinds ? "---|" : "");
        for (const Method& method : service.methods)
            line("| ", std::to_string(method.ordinal), " | [", method.name, "](#", anchor(service, method), ") | ",
                 linked(method.request), " | ", linked(method.response), " | ", schema_carrier(method.carrier), " | ",
                 licence(method), " | ", after_death(method), " |", kinds ? " " + callers_in_words(service, method) + " |" : "");
        for (const Method& method : service.methods) emit_method(service, method);
    }

    void emit_method(const Service& service, const Method& method) {
        line();
        line("### ", service.name.plain, ".", method.name);
        line();
        line(as_code(method.name), " (", linked(method.request), "): ", linked(method.response), ", ordinal ",
             std::to_string(method.ordinal), ", ", schema_carrier(method.carrier), ". ", authority(service, method), recovery(method));
        prose(method.comments);
        if (!method.error_enum.empty()) {
            line();
            line("Errors of its own: ", linked(method.error_enum), ".");
        }
    }

    static std::string anchor(const Service& service, const Method& method) {
        std::string text = service.name.plain + method.name;
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
        return text;
    }

    static std::string sessions_of(const Service& service) {
        if (!service.has_sessions()) return "none: the server does not know its clients";
        if (service.restart == "reattach") return "survive a restart of the server (reattach)";
        return "opened again after a restart of the server (reset)";
    }

    static std::string authority(const Service& service, const Method& method) {
        if (method.callers == 0) return "";
        return "For sessions of kind " + callers_in_words(service, method) + "; PermissionDenied to others. ";
    }

    static std::string licence(const Method& method) {
        std::string words;
        for (auto [word, is] : {std::pair("idempotent", method.idempotent), std::pair("atomic", method.atomic),
                                std::pair("once", method.once)})
            if (is) words += (words.empty() ? "" : ", ") + std::string(word);
        return words.empty() ? "no" : words;
    }

    static bool has_reply(const Method& method) {
        return method.carrier == Carrier::Call || method.carrier == Carrier::Ring;
    }
    static std::string after_death(const Method& method) {
        if (!has_reply(method)) return "-";
        if (method.carrier == Carrier::Ring) return "done again by the server";
        return method.restart == Restart::Unhandled ? "the caller decides" : schema_restart(method.restart);
    }

    static std::string recovery(const Method& method) {
        std::string text;
        if (method.carrier == Carrier::Ring) {
            text = "If the server dies, its next incarnation does the entry again.";
            if (!method.opener.empty()) text += " What `" + method.opener + "` opened is opened again.";
        } else if (!has_reply(method)) {
            text = "Nobody notices if the server dies.";
        } else {
            switch (method.restart) {
                case Restart::Retry: text = "If the server dies, the stub repeats it (" + licence(method) + ")."; break;
                case Restart::Reopen:
                    text = "If the server dies, the stub opens " +
                           (method.opener.empty() ? "the session" : "what `" + method.opener + "` opened") +
                           " again and repeats it.";
                    break;
                case Restart::Fail: text = "If the server dies, the caller gets PeerDied."; break;
                default: text = "If the server dies, nobody knows whether it happened: the caller has to handle that.";
            }
        }
        if (!method.opens.empty()) text += " A client keeps up to " + std::to_string(method.kept) + " of what it opens.";
        if (method.attachments != 0) {
            text += " The session keeps what it attaches";
            text += method.attachments > 1 ? ", " + std::to_string(method.attachments) + " times over." : ".";
        }
        if (method.closes) text += " It ends what `" + method.opener + "` opened.";
        if (method.within_ns != 0)
            text += " A reply later than " + method.attributes.at("within") + " is evidence against the server.";
        if (!method.suspects.empty()) text += " Errors that another incarnation of the server might not answer: " + method.attributes.at("suspect") + ".";
        return text;
    }

    // A name with a link to its section, if it is in this page or in that of an included schema.
    std::string linked(const std::string& full) const {
        std::string plain = full.substr(full.rfind('.') + 1);
        std::string shown = full.starts_with(space_ + ".") ? full.substr(space_.size() + 1) : full;
        std::string target = plain;
        std::transform(target.begin(), target.end(), target.begin(), [](unsigned char c) { return std::tolower(c); });
        if (source_.declares(full)) return "[" + as_code(shown) + "](#" + target + ")";
        if (full.starts_with("eft.") && full.find('.', 4) == std::string::npos)
            return "[" + as_code(shown) + "](eft.md#" + target + ")";
        return as_code(shown);
    }

    std::string type_of(const Field& field) const {
        const Type* type = &field.type;
        while (!type->element.empty()) type = &type->element[0];
        return type->named.empty() || field.type.shape == Shape::Cap || field.type.shape == Shape::Area
                   ? as_code(schema_type(field.type, space_))
                   : field.type.element.empty() ? linked(type->named)
                                                : as_code(schema_type(field.type, space_)) + " of " + linked(type->named);
    }

    // Bounds, kinds and directions, in words.
    static std::string limits(const Field& field) {
        std::string text;
        auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
        if (field.max != 0)
            add("at most " + std::to_string(field.max) + (field.type.shape == Shape::String ? " bytes" : " elements"));
        for (const auto& [key, value] : field.attributes) {
            if (key == "cap") add("to " + value);
            if (key == "rights") add("with " + value);
            if (key == "optional") add("may be absent");
            if (key == "area") add(value == "read" ? "the server reads there" : "the server writes there");
        }
        if (field.deprecated) add("deprecated: neither sent nor read");
        return text;
    }

    void emit_section(const std::string& title, bool structs) {
        bool first = true;
        for (const Table& table : schema_.tables) {
            bool builtin = table.name.full() == "eft.Cap" || table.name.full() == "eft.Area";
            if (!table.here || table.is_struct != structs || builtin) continue;
            if (first) {
                line();
                line("## ", title);
            }
            first = false;
            emit_table(table);
        }
    }

    void emit_table(const Table& table) {
        space_ = table.name.space;
        line();
        line("### ", table.name.plain);
        prose(table.comments);
        line();
        if (!table.is_struct) {
            line(size_of(table));
            line();
        } else {
            line(std::to_string(table.size), " bytes.");
            line();
        }
        if (table.fields.empty()) return line("No fields.");
        line("| id | field | type | default | limits | meaning |");
        line("|---|---|---|---|---|---|");
        for (const Field& field : table.fields)
            line("| ", std::to_string(field.id), " | ", as_code(field.name), " | ", type_of(field), " | ",
                 table.is_struct ? "" : schema_default(schema_, field), " | ", limits(field), " | ",
                 paragraph(field.comments), " |");
    }

    static std::string counted(unsigned number, const std::string& noun, const std::string& nouns) {
        return std::to_string(number) + " " + (number == 1 ? noun : nouns);
    }
    static std::string size_of(const Table& table) {
        if (table.attributes.contains("encoding")) return "Encoding 3: a FlatBuffer in the message page.";
        std::string text = "Encoding " + std::string(table.has_tail() ? "2: " : "1: ") +
                           counted(table.flat_words, "flat word", "flat words");
        if (table.has_tail()) text += ", a tail of at most " + counted(table.tail_words, "word", "words");
        if (table.caps != 0) text += ", " + counted(table.caps, "capability", "capabilities");
        return text + ".";
    }

    void emit_enums() {
        bool first = true;
        for (const Enum& type : schema_.enums) {
            if (!type.here) continue;
            space_ = type.name.space;
            if (first) {
                line();
                line("## Enums");
            }
            first = false;
            line();
            line("### ", type.name.plain);
            prose(type.comments);
            line();
            line(as_code(schema_type(type.underlying, space_)), type.bit_flags ? ", bits that can be combined." : ".");
            line();
            line("| value | name | meaning |");
            line("|---|---|---|");
            for (const EnumValue& value : type.values)
                line("| ", schema_number(type.underlying, value.value), " | ", as_code(value.name), " | ", paragraph(value.comments),
                     " |");
        }
    }

    const Schema& schema_;
    const Source& source_;
    std::string space_;
    std::string text_;
};

}  // namespace

std::string emit_reference(const Schema& schema, const Source& source) {
    return ReferenceEmitter(schema, source).emit();
}

}  // namespace idlc
