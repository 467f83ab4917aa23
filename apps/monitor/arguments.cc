#include "monitor/arguments.h"

#include <eft/json.h>

#include <algorithm>

namespace eft::monitor {
namespace {

// The first part of a text up to a character, which goes, too.
std::string_view take_to(std::string_view& text, char end) {
    const std::string_view first = text.substr(0, text.find(end));
    text.remove_prefix(std::min(first.size() + 1, text.size()));
    return first;
}

class ArgumentParser {
public:
    ArgumentParser(Arguments& into, std::string_view form) : into_(into), parts_(parts_of(form)) {}

    // What is wrong; empty: nothing.
    std::string parse(const std::vector<std::string>& given) {
        bool options = true;
        for (std::size_t i = 0; i < given.size(); ++i) {
            const std::string& word = given[i];
            std::string wrong;
            if (!options || word.size() < 2 || word.front() != '-') into_.words.push_back(word);
            else if (word == "--") options = false;
            else if (word.starts_with("--")) wrong = long_option(word, given, i);
            else wrong = letters(word, given, i);
            if (!wrong.empty()) return wrong;
        }
        return check_words();
    }

private:
    const FormPart* option(std::string_view name) const {
        const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const FormPart& each) { return each.option == name; });
        return found == parts_.end() ? nullptr : &*found;
    }
    std::string letters(const std::string& word, const std::vector<std::string>& given, std::size_t& i) {
        for (std::size_t at = 1; at < word.size(); ++at) {
            const std::string name{'-', word[at]};
            const FormPart* known = option(name);
            if (!known) return terminal_text(word) + ": unknown option";
            if (!known->value.empty()) {
                if (at + 1 == word.size()) return take_value(*known, given, i);
                return take_value(*known, word.substr(at + 1));
            }
            into_.options.push_back({name, {}});
        }
        return {};
    }
    std::string long_option(const std::string& word, const std::vector<std::string>& given, std::size_t& i) {
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const FormPart* known = option(name);
        if (!known) return terminal_text(name) + ": unknown option";
        if (known->value.empty()) {
            if (equals != word.npos) return name + ": it has no value";
            into_.options.push_back({name, {}});
            return {};
        }
        return equals != word.npos ? take_value(*known, word.substr(equals + 1)) : take_value(*known, given, i);
    }
    // The value of an option is the next word.
    std::string take_value(const FormPart& known, const std::vector<std::string>& given, std::size_t& i) {
        if (i + 1 >= given.size()) return std::string(known.option) + ": " + std::string(known.value) + " is missing";
        return take_value(known, given[++i]);
    }
    std::string take_value(const FormPart& known, const std::string& value) {
        if (std::string wrong = check_choice(known, value); !wrong.empty()) return std::string(known.option) + ": " + wrong;
        into_.options.push_back({std::string(known.option), value});
        return {};
    }
    // One of the words of a value like "kill|hang|crash", where none of them stands for others.
    static std::string check_choice(const FormPart& part, const std::string& value) {
        const bool closed = std::none_of(part.value.begin(), part.value.end(), [](char each) { return each >= 'A' && each <= 'Z'; });
        if (part.value.find('|') == part.value.npos || !closed) return {};
        const std::vector<std::string> choices = alternatives(part.value);
        if (std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
        return terminal_text(value) + " is none of " + std::string(part.value);
    }
    std::string check_words() const {
        std::size_t count = 0;
        for (const FormPart& part : parts_) {
            if (!part.option.empty()) continue;
            if (count >= into_.words.size()) return part.required ? std::string(part.value) + " is missing" : std::string();
            if (part.repeats) return {};
            if (std::string wrong = check_choice(part, into_.words[count]); !wrong.empty()) return wrong;
            ++count;
        }
        return count < into_.words.size() ? terminal_text(into_.words[count]) + ": too many arguments" : std::string();
    }

    Arguments& into_;
    const std::vector<FormPart> parts_;
};

}  // namespace

std::vector<FormPart> parts_of(std::string_view form) {
    std::vector<FormPart> parts;
    bool value_follows = false;
    for (std::size_t depth = 0; !form.empty();) {
        std::string_view word = take_to(form, ' ');
        while (word.starts_with('[')) {
            word.remove_prefix(1);
            ++depth;
        }
        const bool required = depth == 0;
        const std::string_view plain = word.substr(0, std::min(word.find("..."), word.find(']')));
        depth -= static_cast<std::size_t>(std::count(word.begin(), word.end(), ']'));
        if (value_follows) parts.back().value = plain;
        else if (plain.starts_with('-')) parts.push_back({plain, {}, required, false});
        else parts.push_back({{}, plain, required, word.find("...") != word.npos});
        value_follows = !value_follows && plain.starts_with('-') && !word.ends_with(']');
    }
    return parts;
}

std::vector<std::string> alternatives(std::string_view choice) {
    std::vector<std::string> words;
    while (!choice.empty()) words.emplace_back(take_to(choice, '|'));
    return words;
}

const std::string* Arguments::value(std::string_view option) const {
    const auto found = std::find_if(options.rbegin(), options.rend(), [&](const Option& each) { return each.name == option; });
    return found == options.rend() ? nullptr : &found->value;
}

Arguments parse_arguments(std::string_view command, std::string_view form, const std::vector<std::string>& given) {
    Arguments arguments;
    arguments.command = command.substr(0, command.find(' '));
    arguments.wrong = ArgumentParser(arguments, form).parse(given);
    if (arguments.wrong.empty()) return arguments;
    arguments.wrong.append("; usage: ").append(command);
    if (!form.empty()) arguments.wrong.append(" ").append(form);
    return arguments;
}

}  // namespace eft::monitor
