// `ls`: what can be shown is shown, what cannot is named; memory does not grow with the directory.
#include "monitor/file_errors.h"
#include "monitor/format.h"

#include <eft/json.h>

#include <algorithm>

namespace eft::monitor {
namespace {

// A directory need not say it, the mode does (POSIX, <sys/stat.h>).
file::FileType type_of(u16 mode) {
    switch (mode >> 12) {
        case 1: return file::FileType::Fifo;
        case 2: return file::FileType::CharacterDevice;
        case 4: return file::FileType::Directory;
        case 6: return file::FileType::BlockDevice;
        case 8: return file::FileType::Regular;
        case 10: return file::FileType::Symlink;
        case 12: return file::FileType::Socket;
        default: return file::FileType::Unknown;
    }
}

// Names of a directory, close together. A directory with more than these is listed as the disk has it, part by part.
class Names {
public:
    static constexpr std::size_t kMost = 8192;
    struct Name {
        u32 inode;
        u32 at;
        u32 details;  // the index of its attributes
        u8 length;
        file::FileType type;
    };

    void add(const DirectoryEntry& entry) {
        const auto details = static_cast<u32>(details_.size());
        names_.push_back({entry.inode, static_cast<u32>(bytes_.size()), details, static_cast<u8>(entry.name.size()), entry.type});
        bytes_.append(entry.name);
    }
    void add(const DirectoryEntry& entry, const file::EntryAttributes& attributes) {
        add(entry);
        details_.push_back(attributes);
    }
    std::size_t size() const { return names_.size(); }
    const Name& operator[](std::size_t index) const { return names_[index]; }
    // Of one that was added with them.
    file::Attributes attributes(const Name& name) const {
        const file::EntryAttributes& details = details_[name.details];
        file::Attributes all;
        all.inode = name.inode;
        all.type = type_of(details.mode);
        all.mode = details.mode;
        all.links = details.links;
        all.uid = details.uid;
        all.gid = details.gid;
        all.size = details.size;
        all.modified = details.modified;
        all.modified_nanoseconds = details.modified_nanoseconds;
        all.device_major = details.device_major;
        all.device_minor = details.device_minor;
        return all;
    }
    std::string_view text(const Name& name) const { return std::string_view(bytes_).substr(name.at, name.length); }
    void sort() {
        std::sort(names_.begin(), names_.end(), [this](const Name& a, const Name& b) { return text(a) < text(b); });
    }
    void clear() {
        names_.clear();
        bytes_.clear();
        details_.clear();
    }

private:
    std::vector<Name> names_;
    std::string bytes_;
    std::vector<file::EntryAttributes> details_;
};

// One `ls` of one directory.
class Listing {
public:
    Listing(Shell& shell, const Arguments& given, const std::string& path)
        : shell_(shell), given_(given), path_(path), all_(given.has("-a")), long_(given.has("-l")) {}

    // 1: something could not be shown, and was named.
    Task<int> print() {
        Result<File> directory = co_await shell_.with_files([this](FileSystem& files) { return files.open(path_); });
        if (!directory.ok()) {
            status_ = co_await fail_path(shell_, given_, path_, directory.error());
            co_return status_;
        }
        Names names;
        bool first = true;
        for (std::optional<u64> cursor = 0; cursor;) {
            const auto next = co_await shell_.with_files([&](FileSystem& files) { return read_names(files, *directory, *cursor, names); });
            if (!next.ok()) {
                status_ = co_await fail_path(shell_, given_, path_, next.error());
                break;
            }
            cursor = *next;
            co_await shell_.loop().yield();
            if (!cursor || names.size() < Names::kMost) continue;
            if (std::exchange(first, false)) widths_ = {5, 5, 5, 12};  // of what comes nothing is known
            co_await print_names(names);
            names.clear();
        }
        names.sort();
        co_await print_names(names);
        co_return status_;
    }

private:
    static constexpr std::size_t kAtOnce = 256;

    // Some entries, and in the long form what the columns must have room for.
    Result<std::optional<u64>> read_names(FileSystem& files, File& directory, u64 cursor, Names& names) {
        bool damaged = false;
        const auto shown = [&](const DirectoryEntry& entry) {
            damaged = damaged || entry.type == file::FileType::Damaged;
            return all_ || !entry.name.starts_with('.');
        };
        const auto add = [&](const DirectoryEntry& entry) {
            if (shown(entry)) names.add(entry);
        };
        const auto add_long = [&](const DirectoryEntry& entry, const file::EntryAttributes& attributes) {
            if (!shown(entry)) return;
            names.add(entry, attributes);
            widths_.fit(names.attributes(names[names.size() - 1]));
        };
        const auto next = long_ ? directory.list_details(cursor, add_long) : directory.list(cursor, add);
        if (damaged) about_ = files.explain(Error::BadFormat);
        return next;
    }

    Task<void> print_names(const Names& names) {
        for (std::size_t begin = 0; begin < names.size(); begin += kAtOnce) {
            std::string text;
            for (std::size_t i = begin; i < std::min(names.size(), begin + kAtOnce); ++i) {
                const std::string_view name = names.text(names[i]);
                if (names[i].type == file::FileType::Damaged) {
                    co_await report_damage(name);
                } else if (!long_) {
                    text.append(terminal_text(name)).append("\n");
                } else {
                    const std::string line = co_await long_line_of(names.attributes(names[i]), name);
                    text.append(line);
                }
            }
            co_await shell_.print(text);
            co_await shell_.loop().yield();
        }
    }
    // Empty: it has no attributes that can be read, and that was said.
    Task<std::string> long_line_of(file::Attributes attributes, std::string_view name) {
        Result<std::string> target = std::string();
        if (attributes.mode == 0) {
            const auto found = co_await shell_.with_files([&](FileSystem& files) { return files.stat_entry(attributes.inode); });
            if (!found.ok()) {
                const std::string path = path_of(name);
                status_ = co_await fail_path(shell_, given_, path, found.error());
                co_return std::string();
            }
            attributes = *found;
        }
        if (attributes.type == file::FileType::Symlink)
            target = co_await shell_.with_files([&](FileSystem& files) { return files.read_link(attributes.inode); });
        co_return long_line(attributes, widths_, name, target.ok() ? std::string_view(*target) : "?").append("\n");
    }
    Task<void> report_damage(std::string_view name) {
        std::string what = terminal_text(name.empty() ? path_ : path_of(name));
        what.append(name.empty() ? ": a part of the directory is damaged" : ": damaged entry");
        if (!about_.empty()) what.append(" (").append(terminal_text(about_)).append(")");
        status_ = co_await shell_.fail(given_, what);
    }
    std::string path_of(std::string_view name) const {
        std::string path = path_;
        if (!path.ends_with('/')) path.push_back('/');
        return path.append(name);
    }

    Shell& shell_;
    const Arguments& given_;
    const std::string& path_;
    const bool all_, long_;
    Widths widths_;
    std::string about_;  // the damage that was met last
    int status_ = 0;
};

// One path of `ls`.
Task<int> list(Shell& shell, const Arguments& given, const std::string& path) {
    int status = 0;
    const bool keep_link = given.has("-l") && !path.ends_with('/');
    const auto self = co_await shell.with_files([&](FileSystem& files) { return files.stat(path, keep_link); });
    if (!self.ok()) {
        status = co_await fail_path(shell, given, path, self.error());
    } else if (self->type == file::FileType::Directory) {
        Listing listing(shell, given, path);
        status = co_await listing.print();
    } else if (given.has("-l")) {
        Widths widths;
        widths.fit(*self);
        Result<std::string> target = std::string();
        if (self->type == file::FileType::Symlink) target = co_await shell.with_files([&](FileSystem& files) { return files.read_link(self->inode); });
        const std::string line = long_line(*self, widths, path, target.ok() ? std::string_view(*target) : "?") + "\n";
        co_await shell.print(line);
    } else {
        const std::string line = terminal_text(path) + "\n";
        co_await shell.print(line);
    }
    co_return status;
}

}  // namespace

Task<int> command_ls(Shell& shell, const Arguments& given) {
    const std::vector<std::string> paths = given.words.empty() ? std::vector<std::string>{"/"} : given.words;
    int status = 0;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (paths.size() > 1) {
            std::string title = i == 0 ? "" : "\n";
            title.append(terminal_text(paths[i])).append(":\n");
            co_await shell.print(title);
        }
        const int listed = co_await list(shell, given, paths[i]);
        if (listed != 0) status = listed;
    }
    co_return status;
}

}  // namespace eft::monitor
