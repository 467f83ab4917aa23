#include "survey.h"

#include <arch/page_table.h>
#include <object/address_space.h>
#include <object/cap_table.h>
#include <object/frame.h>

#include "local.h"

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <stdexcept>

namespace eft::pages {

using kernel::AddressSpace;
using kernel::Capability;
using kernel::CapTable;
using kernel::FrameState;
using kernel::Object;
using kernel::arch::PageEntry;

namespace {

constexpr u64 kLargePage = 1 << 7;  // in an entry above the last level (Intel SDM 3A, table 4-18)
constexpr std::size_t kManyComplaints = 40;

std::string hex(u64 value) {
    std::ostringstream text;
    text << std::hex << "0x" << value;
    return text.str();
}

bool present(u64 entry) { return entry & PageEntry::Present; }
u64 page_of(u64 entry) { return entry & 0x000f'ffff'ffff'f000; }

// The address of an object in the kernel, from a capability that has one.
u64 object_address(const Capability& cap) { return reinterpret_cast<u64>(cap.object()); }
FrameState frame_state(const Capability& cap) { return cap.payload<ObjectType::Frame>().state; }

}  // namespace

Survey::Survey(GuestMemory& memory, const std::map<std::string, u64>& symbols) : memory_(memory), symbols_(symbols) {
    read_tree();
    note_objects();
    read_kernel_tables();
    read_spaces();
    check_permissions();
    check_user_mappings();
    check_paths();
    figures_.capabilities = nodes_.size() - 1;
    figures_.spaces = spaces_.size();
    figures_.kernel_pages = kernel_memory_.size();
}

void Survey::complain(const std::string& what) {
    if (complaints_.size() < kManyComplaints) complaints_.push_back(what);
}

u64 Survey::symbol(const std::string& name) const {
    const auto found = symbols_.find(name);
    if (found == symbols_.end()) throw std::runtime_error("the kernel has no symbol " + name);
    return found->second;
}

void Survey::read_tree() {
    const u64 ancestor = symbol("_ZN3eft6kernel4arch9all_coresE") + offsetof(kernel::Kernel, ancestor);
    nodes_.push_back(std::make_unique<Node>(&memory_.at_kernel<Capability>(ancestor), ancestor, nullptr, nullptr));
    for (std::size_t i = 0; i < nodes_.size(); ++i) read_children(*nodes_[i]);
}

void Survey::read_children(const Node& parent) {
    for (u64 next = reinterpret_cast<u64>(parent.cap->child_); next != 0;) {
        if (nodes_.size() > memory_.bytes() / sizeof(Capability)) throw std::runtime_error("the derivation tree has a circle");
        const Capability& cap = memory_.at_kernel<Capability>(next);
        nodes_.push_back(std::make_unique<Node>(&cap, next, &parent, nullptr));
        Node& node = *nodes_.back();
        if (cap.is(ObjectType::Frame)) node.frame_root = parent.frame_root ? parent.frame_root : &node;
        const u64 link = reinterpret_cast<u64>(cap.next_);
        if (link & 1) {  // the last sibling names the parent
            if ((link & ~u64{1}) != parent.address) complain("a capability at " + hex(next) + " names another parent");
            break;
        }
        next = link;
    }
}

// The memory that the kernel uses for objects, and where the address spaces are.
void Survey::note_objects() {
    const auto note = [this](u64 start, u64 bytes) {
        for (u64 page = page_down(start); page < start + bytes; page += kPageSize) kernel_memory_.insert(page);
    };
    for (const auto& node : nodes_) {
        const Capability& cap = *node->cap;
        if (cap.is(ObjectType::PageTable)) {
            note(cap.address().value(), kPageSize);
            donated_[cap.address().value()] = reinterpret_cast<u64>(cap.link().space);
        }
        if (cap.is(ObjectType::CapPage)) note(cap.address().value(), kPageSize);
        if (!kernel::has_object(cap.type())) continue;
        const u64 address = object_address(cap), start = GuestMemory::physical(address);
        if (memory_.at_kernel<Object>(address).type != cap.type()) complain("the capability at " + hex(node->address) + " names an object of another type");
        switch (cap.type()) {
            case ObjectType::CapTable: note(start, memory_.at_kernel<CapTable>(address).bytes()); break;
            case ObjectType::Thread: note(start, u64{1} << kThreadBits); break;
            case ObjectType::AddressSpace: {
                const u64 root = memory_.at_kernel<AddressSpace>(address).root().value();
                note(start - kPageSize, u64{1} << kAddressSpaceBits);  // its head lies in the second page of its memory
                spaces_.insert(root);
                space_of_root_[root] = address;
                break;
            }
            default: note(start, u64{1} << kEndpointBits);  // or a little more, within the same page
        }
    }
}

void Survey::read_kernel_tables() {
    kernel_root_ = memory_.at_kernel<u64>(symbol("_ZN3eft6kernel4arch12_GLOBAL__N_111kernel_rootE"));
    constexpr u64 kLoadAddress = 0x10'0000;  // kernel.ld: the boot part
    for (u64 page = kLoadAddress; page < GuestMemory::physical(symbol("image_end")); page += kPageSize) kernel_memory_.insert(page);
    kernel_memory_.insert(kernel_root_);
    for (unsigned i = 0; i < kernel::arch::kTableEntries; ++i) {
        const u64 entry = memory_.at_physical<u64>(kernel_root_ + i * 8);
        if (i < kernel::arch::kUserRootEntries && present(entry)) complain("the kernel's own root maps something for user space");
    }
    read_table(kernel_root_, kernel_root_, kernel::arch::kRootLevel, 0, true, true, true, true);
    figures_.kernel_mappings = mappings_.size();
}

void Survey::read_spaces() {
    for (const u64 root : spaces_) {
        for (unsigned i = kernel::arch::kUserRootEntries; i < kernel::arch::kTableEntries; ++i) {
            if (memory_.at_physical<u64>(root + i * 8) != memory_.at_physical<u64>(kernel_root_ + i * 8)) {
                complain("the space with root " + hex(root) + " has another kernel half, at entry " + std::to_string(i));
            }
        }
        read_table(root, root, kernel::arch::kRootLevel, 0, true, true, true, false);
    }
    if (memory_.root() != kernel_root_ && !spaces_.contains(memory_.root())) {
        complain("the processor uses page tables that belong to no address space");
    }
    figures_.user_mappings = mappings_.size() - figures_.kernel_mappings;
}

// Permissions are those of all levels together (Intel SDM 3A, 4.6).
void Survey::read_table(u64 root, u64 table, unsigned level, u64 base, bool user, bool writable, bool executable, bool kernel_half) {
    using namespace kernel::arch;
    const bool is_root = level == kRootLevel;
    const unsigned first = is_root && kernel_half ? kUserRootEntries : 0;
    const unsigned last = is_root && !kernel_half ? kUserRootEntries : kTableEntries;
    for (unsigned i = first; i < last; ++i) {
        const u64 place = table + i * 8, entry = memory_.at_physical<u64>(place);
        if (!present(entry)) continue;
        u64 address = base | u64{i} << (kPageBits + 9 * (level - 1));
        if (is_root && i >= kUserRootEntries) address |= 0xffff'0000'0000'0000;
        const bool u = user && (entry & PageEntry::User), w = writable && (entry & PageEntry::Writable);
        const bool x = executable && !(entry & PageEntry::NoExecute);
        const bool leaf = level == 1 || (entry & kLargePage);
        if (leaf) {
            const u64 pages = u64{1} << 9 * (level - 1);
            for (u64 n = 0; n < pages; ++n) {
                const u64 offset = n * kPageSize;
                mappings_.push_back({root, address + offset, (page_of(entry) & ~(pages * kPageSize - 1)) + offset, place, u, w, x, kernel_half});
            }
            continue;
        }
        const u64 inner = page_of(entry);
        if (kernel_half) {
            kernel_memory_.insert(inner);
        } else if (const auto found = donated_.find(inner); found == donated_.end() || found->second != space_of_root_.at(root)) {
            complain("the space with root " + hex(root) + " uses a page table at " + hex(inner) + " that was not donated to it");
            continue;
        }
        read_table(root, inner, level - 1, address, u, w, x, kernel_half);
    }
}

// W^X for each physical page, and nothing of the kernel's half for user mode.
void Survey::check_permissions() {
    std::map<u64, const Mapping*> writable, executable;
    for (const Mapping& mapping : mappings_) {
        if (mapping.kernel_half && mapping.user) complain("user mode may use the kernel's address " + hex(mapping.address));
        if (!mapping.kernel_half && !mapping.user) complain("a page at " + hex(mapping.address) + " of user space is the kernel's alone");
        if (mapping.writable) writable.emplace(mapping.page, &mapping);
        if (mapping.executable) executable.emplace(mapping.page, &mapping);
    }
    for (const auto& [page, through] : executable) {
        const auto found = writable.find(page);
        if (found == writable.end()) continue;
        complain("the page " + hex(page) + " is executable at " + hex(through->address) + " (root " + hex(through->root) + ") and writable at " +
                 hex(found->second->address) + " (root " + hex(found->second->root) + ")");
    }
    figures_.writable_pages = writable.size();
    figures_.executable_pages = executable.size();
}

// Every user mapping is made through a capability that allows it, and none leads to the kernel's memory.
void Survey::check_user_mappings() {
    std::map<std::pair<u64, u64>, std::pair<const Node*, u64>> attached;  // (space, address) -> Frame, and its page
    for (const auto& node : nodes_) {
        if (!node->cap->is(ObjectType::Frame) || !node->cap->link().space) continue;
        const FrameState frame = frame_state(*node->cap);
        for (u64 offset = 0; offset < frame.bytes(); offset += kPageSize) {
            const std::pair key{reinterpret_cast<u64>(node->cap->link().space), frame.mapped_address() + offset};
            if (!attached.emplace(key, std::pair{node.get(), node->cap->address().value() + offset}).second) {
                complain("two capabilities claim the mapping at " + hex(key.second));
            }
        }
    }
    std::size_t found = 0;
    for (const Mapping& mapping : mappings_) {
        if (mapping.kernel_half) continue;
        const std::string where = hex(mapping.address) + " of the space with root " + hex(mapping.root);
        if (kernel_memory_.contains(mapping.page)) complain("memory of the kernel, " + hex(mapping.page) + ", is mapped at " + where);
        const auto through = attached.find({space_of_root_.at(mapping.root), mapping.address});
        if (through == attached.end()) {
            complain("no capability stands for the mapping at " + where);
            continue;
        }
        ++found;
        const auto rights = FrameRights::from_mask(through->second.first->cap->rights());
        if (through->second.second != mapping.page) complain("the capability for " + where + " is to another page");
        if (mapping.writable && !rights.has(FrameRight::Write)) complain("the capability for " + where + " does not allow to write");
        if (mapping.executable && !rights.has(FrameRight::Execute)) complain("the capability for " + where + " does not allow to execute");
    }
    if (found != attached.size() && complaints_.empty()) {
        // Allowed only where a table above the mapping was taken away (kernel/object/address_space.cc).
        complain(std::to_string(attached.size() - found) + " pages are claimed by capabilities and not mapped");
    }
}

void Survey::check_path(const Node& one, const Node& other, const char* what) {
    if (one.frame_root == other.frame_root) return;
    // The capability that both were derived from may have been deleted: its children moved up to its Untyped.
    const bool orphans = one.frame_root->parent == other.frame_root->parent && !frame_state(*one.frame_root->cap).original() &&
                         !frame_state(*other.frame_root->cap).original();
    if (orphans && one.frame_root->parent->cap->is(ObjectType::Untyped)) return;
    complain("two Frame capabilities to " + hex(one.cap->address().value()) + ", at " + hex(one.address) + " and " + hex(other.address) +
             ", have no path between them" + what);
}

void Survey::check_paths() {
    std::map<u64, std::vector<const Node*>> frames;
    for (const auto& node : nodes_) {
        if (!node->cap->is(ObjectType::Frame)) continue;
        const u64 first = node->cap->address().value();
        for (u64 page = first; page < first + frame_state(*node->cap).bytes(); page += kPageSize) {
            frames[page].push_back(node.get());
            if (kernel_memory_.contains(page)) complain("a Frame capability at " + hex(node->address) + " is to the kernel's memory " + hex(page));
        }
    }
    for (const auto& [page, capabilities] : frames) {
        std::set<const AddressSpace*> mapped_in;
        for (const Node* node : capabilities) {
            if (node->cap->link().space) mapped_in.insert(node->cap->link().space);
            check_path(*capabilities.front(), *node, node->cap->link().space && capabilities.front()->cap->link().space ? ", and both are mapped" : "");
        }
        figures_.shared_pages += mapped_in.size() > 1;
    }
}

}  // namespace eft::pages
