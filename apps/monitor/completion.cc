#include "monitor/completion.h"

#include "monitor/arguments.h"
#include "monitor/command_line.h"

#include <algorithm>
#include <utility>

namespace eft::monitor {
namespace {

constexpr std::string_view kSpecial = " \t;&'\"\\{$";
constexpr std::size_t kTerminalWidth = 80;

// The n-th argument of a form that is no option: "[-l] [PATH...]" has "PATH" as number 0, and so for all that follow.
std::string_view argument(std::string_view form, std::size_t number) {
    for (const FormPart& part : parts_of(form))
        if (part.option.empty() && (number-- == 0 || part.repeats)) return part.value;
    return {};
}

Question::Of kind_of(std::string_view argument) {
    if (argument.find('|') != argument.npos) return Question::Of::Verb;
    if (argument == "PATH" || argument == "FILE") return Question::Of::Path;
    if (argument == "NAME" || argument == "SERVICE") return Question::Of::Service;
    if (argument == "METHOD") return Question::Of::Method;
    if (argument == "EVENT") return Question::Of::Event;
    return Question::Of::Nothing;
}

}  // namespace

Question question_of(std::string_view before_cursor, ArgumentsOf arguments_of) {
    Question question;
    // A mark behind the text makes the word that the cursor is at the last one, also if nothing of it is there yet.
    const std::vector<Command> commands = parse_line(std::string(before_cursor) + '\x7f').commands;
    if (commands.empty()) return question;
    question.before = commands.back().words;
    question.word = question.before.back();
    question.word.pop_back();
    question.before.pop_back();
    if (question.before.empty()) {
        question.of = Question::Of::Command;
        return question;
    }
    const std::string_view form = arguments_of(question.before.front());
    const std::vector<FormPart> parts = parts_of(form);
    std::size_t number = 0;
    std::string_view value;  // of the option that stands before the cursor
    for (std::size_t i = 1; i < question.before.size(); ++i) {
        const std::string& word = question.before[i];
        if (!std::exchange(value, {}).empty()) continue;
        const auto option = std::find_if(parts.begin(), parts.end(), [&](const FormPart& part) { return part.option == word; });
        if (option != parts.end()) value = option->value;
        else if (!word.starts_with('-')) ++number;
    }
    if (value.empty() && question.word.starts_with('-')) return question;
    question.argument = value.empty() ? argument(form, number) : value;
    question.of = kind_of(question.argument);
    return question;
}

std::vector<std::string> fitting(std::vector<std::string> all, std::string_view word) {
    std::erase_if(all, [word](const std::string& each) { return !each.starts_with(word); });
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::string continuation(const std::vector<std::string>& fitting, std::string_view word) {
    if (fitting.empty()) return {};
    std::string_view common = fitting.front();
    for (const std::string& each : fitting) {
        const auto [end, other] = std::mismatch(common.begin(), common.end(), each.begin(), each.end());
        common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
    }
    std::string text;
    for (const char character : common.substr(word.size())) {
        if (kSpecial.find(character) != kSpecial.npos) text.push_back('\\');
        text.push_back(character);
    }
    if (fitting.size() == 1 && !common.ends_with('/')) text.push_back(' ');
    return text;
}

std::string columns(const std::vector<std::string>& names) {
    std::size_t width = 0;
    for (const std::string& name : names) width = std::max(width, name.size() + 2);
    const std::size_t count = std::max<std::size_t>(1, kTerminalWidth / std::max<std::size_t>(width, 1));
    const std::size_t rows = (names.size() + count - 1) / count;
    std::string text;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t at = row; at < names.size(); at += rows) {
            text.append(names[at]);
            if (at + rows < names.size()) text.append(width - names[at].size(), ' ');
        }
        text.push_back('\n');
    }
    return text;
}

}  // namespace eft::monitor
