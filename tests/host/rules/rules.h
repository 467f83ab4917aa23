// The rules of the source tree that a compiler does not check: who may include whose headers (docs/architecture.md, the
// section on layers), how long a file may be, that nothing generated is kept, that the models name what the kernel and the
// network server have, and that the page about tests names them.
//
//     who                    may include, beside its own folder and eft/abi
//     kernel/                nothing
//     libos/                 eft/hw, generated interfaces
//     servers/NAME           libos, generated interfaces, drivers/BUS (a folder that builds no program)
//     drivers/NAME           the same, and eft/hw
//     apps/NAME              libos, generated interfaces
//     idl/                   nothing: it is a host program
//     images/                other host tools: images/ and tests/
//     tests/                 everything but the kernel's inside, which is for the tests that look at it
//
// An include is resolved as the compiler would, without its include paths: first in the including file's folder, then
// to every file of the tree whose path ends in it. It breaks a rule if it means at least one such file, and may not
// include any of them. The headers of generated interfaces, <eft/idl/…>, are not in the tree and are known by that
// name.
#pragma once

#include <string>
#include <vector>

namespace eft::rules {

struct SourceFile {
    std::string path;  // relative to the top of the tree, with '/'
    std::string text;
};
using Tree = std::vector<SourceFile>;

// Each is "path:line: what is wrong" or "path: what is wrong".
using Complaints = std::vector<std::string>;

Complaints check_includes(const Tree& tree);
Complaints check_lengths(const Tree& tree);
Complaints check_generated(const Tree& tree);
// What the model of the kernel's IPC (tests/model) names, as Class::function or file.cc, is in the kernel; what that of the network
// server's recovery (tests/model/net) names is in servers/net.
Complaints check_model(const Tree& tree);
// Each test below tests/ that boots the system, or a guest of its own, is on the page about tests, docs/testing.md.
Complaints check_test_page(const Tree& tree);

}  // namespace eft::rules
