// A boot archive: cpio's "newc" format, written so that every file's data starts on a page boundary.
//
// The kernel and root map boot files straight from the archive, which the loader puts on a page boundary. The gap
// before a file's data is filled by its name: the name field is longer than the name and ends in NULs, which readers of
// newc take as the end of the name, so no entries are needed that are only padding. A reader must therefore skip by the
// name's *field* length and take the name up to its first NUL.
//
// Archives are reproducible: times, owners and inode numbers do not come from the host.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eft::archive {

inline constexpr std::size_t kDataAlignment = 4096;

class NewcWriter {
public:
    // A regular file, readable and executable. Names are not checked for repetition.
    void add(std::string_view name, std::string_view data);

    // Writes the trailer; the length is then a whole number of pages. Nothing may be added after this.
    std::string finish() &&;

private:
    void header(std::string_view name, std::size_t name_field, std::size_t size, unsigned mode);
    void pad_to(std::size_t alignment);

    std::string bytes_;
    unsigned next_inode_ = 1;
};

struct NewcFile {
    std::string name;
    std::string data;
};

// The files of an archive, in order; nothing if it is not one that NewcWriter could have written.
std::optional<std::vector<NewcFile>> read_newc(std::string_view archive);

}  // namespace eft::archive
