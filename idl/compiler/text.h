// C++ text in the making: lines with indentation, one namespace open at a time.
#pragma once

#include "model.h"
#include "names.h"

#include <concepts>
#include <string>
#include <string_view>
#include <vector>

namespace idlc {

class Text {
public:
    template <class... Parts>
    void line(const Parts&... parts) {
        std::string content;
        (append(content, parts), ...);
        if (!content.empty()) text_ += std::string(indent_ * 4, ' ') + content;
        text_ += '\n';
    }
    // A line without indentation: access labels and preprocessor.
    void flush_left(const std::string& content) { text_ += content + '\n'; }

    template <class... Parts>
    void open(const Parts&... parts) {
        line(parts..., " {");
        ++indent_;
    }
    void close(const std::string& end = "}") {
        --indent_;
        line(end);
    }
    // `return a && b && c;` with one condition to a line if there are several.
    void return_all(const std::vector<std::string>& conditions) {
        if (conditions.empty()) return line("return true;");
        for (std::size_t i = 0; i < conditions.size(); ++i)
            line(i == 0 ? "return " : "       ", conditions[i], i + 1 == conditions.size() ? ";" : " &&");
    }
    void indent() { ++indent_; }
    void unindent() { --indent_; }

    void comments(const Comments& comments) {
        for (const std::string& comment : comments) line("///", comment, continues(comment) ? "." : "");
    }

    void enter_namespace(const std::string& space) {
        if (space == space_) return;
        leave_namespace();
        line("namespace ", colons(space), " {");
        line();
        space_ = space;
    }
    void leave_namespace() {
        if (space_.empty()) return;
        line("}  // namespace ", colons(space_));
        line();
        space_.clear();
    }

    const std::string& str() const { return text_; }

private:
    // To C++, the line that ends so goes on in the next one.
    static bool continues(const std::string& comment) {
        const std::string_view text = std::string_view(comment).substr(0, comment.find_last_not_of(' ') + 1);
        return text.ends_with('\\') || text.ends_with("?" "?/");
    }
    static void append(std::string& to, const std::string& part) { to += part; }
    static void append(std::string& to, const char* part) { to += part; }
    static void append(std::string& to, std::same_as<bool> auto value) { to += value ? "true" : "false"; }
    static void append(std::string& to, unsigned number) { to += std::to_string(number); }
    static void append(std::string& to, std::uint64_t number) { to += std::to_string(number); }

    std::string text_;
    std::string space_;
    unsigned indent_ = 0;
};

}  // namespace idlc
