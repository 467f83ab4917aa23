#include "fs/ext2/report.h"

#include <algorithm>

namespace eft::ext2 {

void Report::append(std::string_view words) {
    std::size_t count = std::min(words.size(), text_.size() - length_);
    std::copy_n(words.data(), count, text_.data() + length_);
    length_ += count;
}

void Report::append(u64 number) {
    std::array<char, 20> digits;  // 2^64 has 20
    std::size_t first = digits.size();
    do {
        digits[--first] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    append(std::string_view(digits.data() + first, digits.size() - first));
}

}  // namespace eft::ext2
