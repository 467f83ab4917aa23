// Which names a new component may have. A name becomes a folder, a CMake target, a C++ namespace, a FlatBuffers namespace
// and, in capitals and small letters, an interface; so it must be a word in all of these languages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eft::fresh {

// Empty: the word can be a name. Otherwise what is wrong with it, to follow "NAME: ".
std::string trouble_with_word(std::string_view name);

// word_count -> WordCount.
std::string camel_case(std::string_view name);

// The words of C++ or FlatBuffers source, in the order of their occurrence, without those in comments, in strings, and in
// the fields of a template (@name@).
std::vector<std::string_view> words_of_code(std::string_view source);

}  // namespace eft::fresh
