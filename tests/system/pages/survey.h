// All capabilities and all page tables of a booted system, read from its memory, and what is wrong with them.
//
// Capabilities are found from the ancestor of all of them, as the kernel would; page tables as the processor would, from
// the root of each address space and the kernel's own.
#pragma once

#include "guest_memory.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace eft::kernel {
class Capability;
}

namespace eft::pages {

struct Figures {
    std::size_t capabilities = 0, spaces = 0;
    std::size_t user_mappings = 0, kernel_mappings = 0;
    std::size_t executable_pages = 0, writable_pages = 0;
    std::size_t shared_pages = 0;  // mapped in two address spaces or more
    std::size_t kernel_pages = 0;  // of the image, of page tables and of objects
};

class Survey {
public:
    Survey(GuestMemory& memory, const std::map<std::string, u64>& symbols);

    // One sentence for each violation; at most a few dozen.
    const std::vector<std::string>& complaints() const { return complaints_; }
    const Figures& figures() const { return figures_; }

    // For the test of this test.
    struct Mapping {
        u64 root, address, page, entry;  // `entry`: the physical address of the page-table entry
        bool user, writable, executable;
        bool kernel_half;
    };
    const std::vector<Mapping>& mappings() const { return mappings_; }
    const std::set<u64>& kernel_memory() const { return kernel_memory_; }

private:
    struct Node {
        const kernel::Capability* cap;
        u64 address;  // of the slot, in the kernel
        const Node* parent;
        const Node* frame_root;  // Frames: the uppermost Frame above it
    };

    void read_tree();
    void read_children(const Node& parent);
    void note_objects();
    void read_kernel_tables();
    void read_spaces();
    void read_table(u64 root, u64 table, unsigned level, u64 base, bool user, bool writable, bool executable, bool kernel_half);
    void check_permissions();
    void check_user_mappings();
    void check_paths();
    void check_path(const Node& one, const Node& other, const char* what);
    void complain(const std::string& what);
    u64 symbol(const std::string& name) const;

    GuestMemory& memory_;
    const std::map<std::string, u64>& symbols_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::set<u64> spaces_;  // roots
    std::map<u64, u64> space_of_root_;  // root -> address of the AddressSpace
    std::set<u64> kernel_memory_;       // pages
    std::map<u64, u64> donated_;        // page of a PageTable -> AddressSpace that it is attached to, or 0
    std::vector<Mapping> mappings_;
    std::vector<std::string> complaints_;
    Figures figures_;
    u64 kernel_root_ = 0;
};

}  // namespace eft::pages
