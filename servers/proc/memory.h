// What proc asks of mem: spaces for processes, and what comes into them. When mem dies, the system cannot go on.
#pragma once

#include <eft/cap.h>
#include <eft/idl/mem.h>
#include <eft/ipc/kernel_transport.h>
#include <eft/layout.h>

#include <span>

namespace eft::processes {

struct NewSpace {
    u32 id;        // mem's
    Slot session;  // the process's session with mem
};

// So many ticks of the time-stamp counter in each period (both 0: no limit), at this priority or below.
struct ProcessorShare {
    u64 budget, period;
    u8 ceiling;
};

class Memory;

// A part of a memory object that is mapped in proc's own space, to be read, as long as this lives. One at a time.
class ShownObject {
public:
    ShownObject() = default;
    ShownObject(ShownObject&& other) noexcept { *this = std::move(other); }
    ShownObject& operator=(ShownObject&& other) noexcept;
    ~ShownObject() { reset(); }
    std::span<const std::byte> bytes() const { return bytes_; }

private:
    friend class Memory;
    ShownObject(Memory& memory, std::span<const std::byte> bytes) : memory_(&memory), bytes_(bytes) {}
    void reset();

    Memory* memory_ = nullptr;  // null: nothing is mapped
    std::span<const std::byte> bytes_;
};

// Errors are mem's (idl/mem.fbs). Slots are of proc's own table.
class Memory {
public:
    explicit Memory(CapHandle control) : mem_(std::move(control)) {}

    // A session of its own for proc's address space.
    Status open(Slot own_space);
    // The boot archive, which is mapped when it is first asked for: who comes back after a death serves others before that.
    Result<std::span<const std::byte>> archive();
    // So many bytes of the object from the offset on, which is a multiple of the page size.
    Result<ShownObject> show(Slot object, u64 offset, u64 bytes);

    // For the process with this id: one that it has already, because proc died before it knew of it, is destroyed.
    Result<NewSpace> create_space(u32 pid, u32 quota);
    // Of this process, if it has one. Every capability to what was made for it is gone with it.
    void destroy_space_of(u32 pid);
    // Nothing of it runs any more, and it is to be destroyed later.
    void end_threads_of(u32 pid);
    Status load_image(const mem::Image& image);
    // The whole object from its start, so many bytes.
    Status map_into(u32 space, Slot object, u64 bytes, u64 address, Rights rights);
    // Suspended, without Replies.
    Result<Slot> make_thread(u32 space, Slot table, Slot exceptions, const ProcessorShare& share);
    // Where the plan has them, in place of what is there.
    Status make_replies(u32 space, Slot table, const TablePlan& plan);
    // Zeros: there is no such space.
    mem::Usage usage(u32 space);
    // The words from `address` to the end of its page, or none.
    std::span<u64> read(u32 space, u64 address, std::span<u64> words);

private:
    friend class ShownObject;
    Status map(ipc::CapField<ipc::kind::Memory>&& object, u64 offset, u64 bytes, u64 address);
    void hide(std::span<const std::byte> shown);

    mem::MemClient<> mem_;  // control
    mem::MemClient<> own_{CapHandle()};
    std::span<const std::byte> archive_;
};

}  // namespace eft::processes
