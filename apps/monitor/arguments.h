// What a command was given, taken apart by its form, which is the text that `help` prints.
//
//   "[-a] [-l] [PATH...]"                    two options; any number of paths
//   "NAME [--signal kill|hang|crash]"        a name that must be there; an option whose value is one of these words
//   "SERVICE [METHOD [JSON]]"                one to three words
//   "off|INTERFACE.METHOD"                   one word: what is in capitals stands for any
//
// Options stand anywhere. Those of one letter may stand together (-al). A value is the next word, or stands behind "=", and
// behind a letter at once (-c3).
// "--" ends the options; "-" alone is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eft::monitor {

// A piece of a form: an option with the name of its value, if it has one, or a word.
struct FormPart {
    std::string_view option;  // empty: a word
    std::string_view value;   // its name, or the words that it can be: "kill|hang|crash"
    bool required = false;
    bool repeats = false;
};
std::vector<FormPart> parts_of(std::string_view form);

// "list|info" -> list, info
std::vector<std::string> alternatives(std::string_view choice);

struct Arguments {
    struct Option {
        std::string name;
        std::string value;
    };
    std::string command;
    std::vector<std::string> words;  // that are no options
    std::vector<Option> options;
    std::string wrong;  // not empty: what it must not be run with, and what it takes
    bool in_background = false;  // what is typed is not for it

    bool has(std::string_view option) const { return value(option) != nullptr; }
    // Null: it was not given. Of several the last one counts.
    const std::string* value(std::string_view option) const;
    // Of a word that may be left out.
    std::string word(std::size_t index, std::string_view otherwise = {}) const {
        return index < words.size() ? words[index] : std::string(otherwise);
    }
};

// `given` are the words of the command behind its name, which may be two words: "service kill".
Arguments parse_arguments(std::string_view command, std::string_view form, const std::vector<std::string>& given);

}  // namespace eft::monitor
