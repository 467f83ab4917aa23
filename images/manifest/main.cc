// eft-manifest: makes one manifest of an overlay and its base (overlay.h). What it was made of goes into a file for make.
#include "overlay.h"

#include <cstdio>
#include <fstream>
#include <iostream>

int main(int count, char** words) {
    if (count != 3 && count != 4) {
        std::cerr << "usage: eft-manifest MANIFEST OUTPUT [DEPFILE]\n";
        return 2;
    }
    try {
        std::vector<std::string> read;
        const auto manifest = eft::manifest_overlay::load(words[1], read);
        std::ofstream output(words[2]);
        output << manifest.dump(2) << '\n';
        if (!output.flush()) throw eft::manifest_overlay::OverlayError(std::string(words[2]) + ": cannot be written");
        if (count == 3) return 0;
        std::ofstream dependencies(words[3]);
        dependencies << words[2] << ':';
        for (const std::string& path : read) dependencies << ' ' << path;
        dependencies << '\n';
        return dependencies.flush() ? 0 : 1;
    } catch (const eft::manifest_overlay::OverlayError& error) {
        std::cerr << "eft-manifest: " << error.what() << '\n';
        return 1;
    }
}
