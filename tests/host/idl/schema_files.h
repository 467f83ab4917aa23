// Schemas that a test writes, compiled as in a build: in a folder of their own, by flatc and idlc.
#pragma once

#include <doctest/doctest.h>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace schema_files {

namespace fs = std::filesystem;

struct Folder {
    fs::path path = fs::temp_directory_path() / ("idl_schemas." + std::to_string(getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
    std::string operator/(const std::string& name) const { return (path / name).string(); }
};

struct Outcome {
    int status;
    std::string errors;
};

inline std::string content(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

inline Outcome run(const Folder& folder, const std::string& command) {
    int status = WEXITSTATUS(std::system(("cd " + folder.path.string() + " && " + command + " > log 2>&1").c_str()));
    return {status, content(folder / "log")};
}

// Writes NAME.fbs and makes NAME.bfbs of it.
inline void reflect(const Folder& folder, const std::string& name, const std::string& text) {
    std::ofstream(folder / (name + ".fbs")) << text;
    Outcome parsed = run(folder, EFT_FLATC " -b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . -I "
                                           EFT_IDL_FOLDER " " + name + ".fbs");
    REQUIRE_MESSAGE(parsed.status == 0, parsed.errors);
}

// The line that ends with `//!`; 0 if there is none.
inline unsigned marked_line(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number)
        if (line.ends_with("//!")) return number;
    return 0;
}

}  // namespace schema_files
