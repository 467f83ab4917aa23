// eft-archive --output FILE [--from ARCHIVE] NAME=PATH…: packs files into a boot archive, in the order given. With
// --from it starts from the files of another archive, and one of the same name is replaced where it stands. An archive
// whose manifest gives a service too little memory for its state is not written.
#include "newc.h"
#include "state_check.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using eft::archive::NewcFile;

int fail(const std::string& what) {
    std::cerr << "eft-archive: " << what << '\n';
    return 1;
}

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// The archive appears whole or not at all: a build that was interrupted leaves no half file with a new time.
bool write_file(const std::string& path, const std::string& bytes) {
    const std::string unfinished = path + ".new";
    std::ofstream file(unfinished, std::ios::binary);
    file << bytes;
    file.close();
    if (!file) return false;
    return std::rename(unfinished.c_str(), path.c_str()) == 0;
}

// Takes the place of the file of that name, or goes last.
void put(std::vector<NewcFile>& files, const std::string& name, std::string data) {
    for (auto& file : files) {
        if (file.name == name) {
            file.data = std::move(data);
            return;
        }
    }
    files.push_back({name, std::move(data)});
}

}  // namespace

int main(int argc, char** argv) {
    std::string output;
    std::vector<NewcFile> files;
    std::set<std::string> given;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if ((word == "--output" || word == "--from") && i + 1 < argc) {
            const std::string path = argv[++i];
            if (word == "--output") {
                output = path;
                continue;
            }
            auto base = eft::archive::read_newc(read_file(path).value_or(""));
            if (!base) return fail("no boot archive: " + path);
            files = std::move(*base);
            continue;
        }
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos || equals == 0) return fail("not NAME=PATH: " + word);
        const std::string name = word.substr(0, equals);
        if (!given.insert(name).second) return fail("two files are named " + name);
        auto data = read_file(word.substr(equals + 1));
        if (!data) return fail("cannot read " + word.substr(equals + 1));
        put(files, name, std::move(*data));
    }
    if (output.empty() || files.empty()) return fail("usage: eft-archive --output FILE [--from ARCHIVE] NAME=PATH…");
    const auto complaints = eft::archive::state_complaints(files);
    for (const std::string& complaint : complaints) fail(complaint);
    if (!complaints.empty()) return 1;

    eft::archive::NewcWriter writer;
    for (const auto& file : files) writer.add(file.name, file.data);
    if (!write_file(output, std::move(writer).finish())) return fail("cannot write " + output);
    return 0;
}
