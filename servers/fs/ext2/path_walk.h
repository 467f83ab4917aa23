// From a path to an inode.
//
// Work is bounded: the path and every link target have at most kMaxPath bytes, at most kMaxLinks links are followed and
// kMaxNestedLinks are open at once, and what is searched of directories for one path is at most twice what the file system
// holds. `..` needs no more care: on a damaged disk it may lead in circles, but every step uses up a name.
#pragma once

#include "fs/ext2/directory_reader.h"
#include "fs/ext2/disk.h"
#include "fs/ext2/file_reader.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace eft::ext2 {

constexpr u64 kMaxPath = 4095;
constexpr u32 kMaxNestedLinks = 8;
constexpr u32 kMaxLinks = 40;

enum class LastLink : bool { Keep, Follow };

// What is left to walk: the path, and above it the targets of the links that are open.
class PathStack {
public:
    explicit PathStack(std::string_view path) { texts_.push_back(Text{std::string(path), 0}); }

    // The next name, empty at the end. It is valid until open() or the next next().
    std::string_view next() {
        while (!texts_.empty()) {
            Text& top = texts_.back();
            std::size_t first = top.text.find_first_not_of('/', top.position);
            if (first != std::string::npos) {
                std::size_t end = std::min(top.text.find('/', first), top.text.size());
                top.position = end;
                return std::string_view(top.text).substr(first, end - first);
            }
            texts_.pop_back();
        }
        return {};
    }
    // Was the name that next() gave the last one? A slash behind it asks for a directory.
    bool at_end() const {
        for (const Text& text : texts_)
            if (has_name(text)) return false;
        return true;
    }
    bool slash_follows() const {
        for (const Text& text : texts_)
            if (text.position < text.text.size()) return true;
        return false;
    }
    // A link whose target goes before the rest.
    Status open(std::string_view target) {
        bool slash = slash_follows() && at_end();
        // A link at the end of a target does not nest. The path itself stays, so that the rest counts the open links.
        while (texts_.size() > 1 && !has_name(texts_.back())) texts_.pop_back();
        if (++links_ > kMaxLinks || texts_.size() > kMaxNestedLinks) return Error::TooManyLinks;
        if (target.size() > kMaxPath) return Error::NameTooLong;
        texts_.push_back(Text{std::string(target), 0});
        if (slash) texts_.back().text.push_back('/');
        return {};
    }

private:
    struct Text {
        std::string text;
        std::size_t position;
    };
    static bool has_name(const Text& text) {
        return text.text.find_first_not_of('/', text.position) != std::string::npos;
    }

    std::vector<Text> texts_;
    u32 links_ = 0;
};

// Opens the link's target above the rest. Its bytes are not in the walk's frame, which waits for the disk more often.
inline Task<Status> open_link(Disk& disk, const Inode& link, PathStack& rest, bool& absolute) {
    if (link.size > kMaxPath) co_return Error::NameTooLong;
    std::array<char, kMaxPath> target;
    EFT_CO_TRY(const u64 length, co_await read_target(disk, link, target));
    absolute = target[0] == '/';
    co_return rest.open(std::string_view(target.data(), length));
}

// `start` is where a path without a leading slash begins. An empty path is `start` itself, or NotFound where that is the root.
inline Task<Result<Inode>> walk_path(Disk& disk, std::string_view path, LastLink last_link, InodeNumber start) {
    if (path.size() > kMaxPath) co_return Error::NameTooLong;
    if (path.empty() && start == InodeNumber::Root) co_return Error::NotFound;
    bool absolute = path.starts_with('/');
    PathStack rest(path);
    EFT_CO_TRY(Inode here, co_await load_inode(disk, absolute ? InodeNumber::Root : start));
    if (path.empty()) co_return here;
    if (here.type != FileType::Directory) co_return Error::NotDirectory;
    u64 searched = 0;
    for (std::string_view name = rest.next(); !name.empty(); name = rest.next()) {
        if (here.type != FileType::Directory) co_return Error::NotDirectory;
        if (name == "." || (name == ".." && here.number == InodeNumber::Root)) continue;
        EFT_CO_TRY(const FoundEntry entry, co_await find_in_directory(disk, here, name));
        searched += entry.searched;
        if (searched > 2 * disk.superblock.bytes())
            co_return disk.report.finding(Error::LimitReached, "directory inode ", raw(here.number),
                                          ": the path leads through ", searched, " bytes of directories");
        EFT_CO_TRY(Inode found, co_await load_inode(disk, entry.inode));
        bool follow = last_link == LastLink::Follow || !rest.at_end() || rest.slash_follows();
        if (found.type == FileType::Symlink && follow) {
            EFT_CO_CHECK(co_await open_link(disk, found, rest, absolute));
            if (absolute) {
                EFT_CO_TRY(Inode root, co_await load_inode(disk, InodeNumber::Root));
                here = root;
            }
            continue;
        }
        if (rest.slash_follows() && found.type != FileType::Directory) co_return Error::NotDirectory;
        here = found;
    }
    co_return here;
}

}  // namespace eft::ext2
