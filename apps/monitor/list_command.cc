// `ls`: what can be shown is shown, what cannot is named; memory does not grow with the directory.
#include "monitor/file_errors.h"
#include "monitor/format.h"
#include "monitor/rpc/json.h"

#include <algorithm>

namespace eft::monitor {
namespace {

// Names of a directory, close together. A directory with more than these is listed as the disk has it, part by part.
class Names {
public:
    static constexpr std::size_t kMost = 8192;
    struct Name {
        u32 inode;
        u32 at;
        u8 length;
        file::FileType type;
    };

    void add(const DirectoryEntry& entry) {
        names_.push_back({entry.inode, static_cast<u32>(bytes_.size()), static_cast<u8>(entry.name.size()), entry.type});
        bytes_.append(entry.name);
    }
    std::size_t size() const { return names_.size(); }
    const Name& operator[](std::size_t index) const { return names_[index]; }
    std::string_view text(const Name& name) const { return std::string_view(bytes_).substr(name.at, name.length); }
    void sort() {
        std::sort(names_.begin(), names_.end(), [this](const Name& a, const Name& b) { return text(a) < text(b); });
    }
    void clear() {
        names_.clear();
        bytes_.clear();
    }

private:
    std::vector<Name> names_;
    std::string bytes_;
};

// One `ls` of one directory.
class Listing {
public:
    Listing(Shell& shell, const Arguments& given, FileSystem& files, const std::string& path)
        : shell_(shell), given_(given), files_(files), path_(path), all_(given.has("-a")), long_(given.has("-l")) {}

    // 1: something could not be shown, and was named.
    Task<int> print() {
        Result<File> directory = files_.open(path_);
        if (!directory.ok()) {
            status_ = co_await fail_path(shell_, given_, path_, directory.error());
            co_return status_;
        }
        Names names;
        bool first = true;
        for (std::optional<u64> cursor = 0; cursor;) {
            bool damaged = false;
            auto next = directory->list(*cursor, [&](const DirectoryEntry& entry) {
                damaged = damaged || entry.type == file::FileType::Damaged;
                if (all_ || !entry.name.starts_with('.')) names.add(entry);
            });
            if (damaged) about_ = files_.explain(Error::BadFormat);
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

    // Their columns are as wide as the widest of them needs.
    Task<void> print_names(const Names& names) {
        std::vector<file::Attributes> attributes;
        for (std::size_t begin = 0; begin < names.size(); begin += kAtOnce) {
            const std::size_t end = std::min(names.size(), begin + kAtOnce);
            attributes.clear();
            for (std::size_t i = begin; long_ && i < end; ++i) {
                file::Attributes found = co_await attributes_of(names, names[i]);
                attributes.push_back(found);
            }
            std::string text;
            for (std::size_t i = begin; i < end; ++i) {
                if (names[i].type == file::FileType::Damaged) co_await report_damage(names.text(names[i]));
                else if (!long_) text.append(terminal_text(names.text(names[i]))).append("\n");
                else if (attributes[i - begin].inode != 0) text.append(line(names, names[i], attributes[i - begin]));
            }
            co_await shell_.print(text);
            co_await shell_.loop().yield();
        }
    }
    // Inode 0: it has none, and that was said.
    Task<file::Attributes> attributes_of(const Names& names, const Names::Name& name) {
        file::Attributes attributes;
        if (name.type == file::FileType::Damaged) co_return attributes;
        auto found = files_.stat_entry(name.inode);
        if (found.ok()) {
            attributes = *found;
            widths_.fit(attributes);
        } else {
            const std::string path = path_of(names.text(name));
            status_ = co_await fail_path(shell_, given_, path, found.error());
        }
        co_return attributes;
    }
    std::string line(const Names& names, const Names::Name& name, const file::Attributes& attributes) {
        std::string target;
        if (attributes.type == file::FileType::Symlink) {
            auto read = files_.read_link(name.inode);
            target = read.ok() ? std::move(*read) : std::string("?");
        }
        return long_line(attributes, widths_, names.text(name), target).append("\n");
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
    FileSystem& files_;
    const std::string& path_;
    const bool all_, long_;
    Widths widths_;
    std::string about_;  // the damage that was met last
    int status_ = 0;
};

// One path of `ls`.
Task<int> list(Shell& shell, const Arguments& given, const std::string& path) {
    int status = 0;
    Result<FileSystem*> files = shell.files();
    using Found = Result<file::Attributes>;
    Found self = files.ok() ? (*files)->stat(path, given.has("-l") && !path.ends_with('/')) : Found(files.error());
    if (!self.ok()) {
        status = co_await fail_path(shell, given, path, self.error());
    } else if (self->type == file::FileType::Directory) {
        Listing listing(shell, given, **files, path);
        status = co_await listing.print();
    } else if (given.has("-l")) {
        Widths widths;
        widths.fit(*self);
        Result<std::string> target = std::string();
        if (self->type == file::FileType::Symlink) target = (*files)->read_link(self->inode);
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
