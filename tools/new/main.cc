// eft-new: a server or a driver from its template. `./eft new` calls it.
//
// Status 0: made. 1: the name or the tree does not allow it, and nothing was changed. 2: wrong use.
#include "component.h"

#include <iostream>

int main(int count, char** words) {
    const std::string kind = count == 4 || count == 5 ? words[2] : "";
    const bool with_ring = count == 5 && kind == "driver" && std::string(words[4]) == "--ring";
    if ((kind != "server" && kind != "driver") || (count == 5 && !with_ring)) {
        std::cerr << "usage: eft-new TREE server|driver NAME [--ring]\n";
        return 2;
    }
    try {
        const eft::fresh::SourceTree tree(words[1]);
        const auto component = eft::fresh::plan(tree, kind, words[3], with_ring);
        eft::fresh::write(tree, component);
        std::cout << eft::fresh::report(component) << std::flush;
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "eft: " << error.what() << '\n';
        return 1;
    }
}
