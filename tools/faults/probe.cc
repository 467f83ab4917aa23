// The probe: a plugin of QEMU's translator (docs/devel/tcg-plugins.rst in QEMU's sources), loaded by
//     -plugin PROBE,control=FILE,memory=FILE
// with the file of the Control and the one that the guest's memory lies in.
#include "control.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

// The part of version 1 of the interface that is used here. Debian ships no header for it.
extern "C" {
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
using qemu_plugin_id_t = std::uint64_t;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
using TranslateCallback = void (*)(qemu_plugin_id_t, qemu_plugin_tb*);
using ExecuteCallback = void (*)(unsigned, void*);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, TranslateCallback);
void qemu_plugin_register_vcpu_tb_exec_cb(qemu_plugin_tb*, ExecuteCallback, qemu_plugin_cb_flags, void*);
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb*, qemu_plugin_op, void*, std::uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_insn*, ExecuteCallback, qemu_plugin_cb_flags, void*);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb*);
qemu_plugin_insn* qemu_plugin_tb_get_insn(const qemu_plugin_tb*, std::size_t);
void* qemu_plugin_insn_haddr(const qemu_plugin_insn*);
void qemu_plugin_reset(qemu_plugin_id_t, void (*)(qemu_plugin_id_t));

__attribute__((visibility("default"))) int qemu_plugin_version = 1;
__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t, const qemu_info_t*, int, char**);
}

namespace {

using namespace eft::faults;

Control* control;
std::string memory_path;
qemu_plugin_id_t own_id;

// Where QEMU has mapped the guest's memory, which it does after it has loaded us; 0: not yet.
std::uint64_t memory_base() {
    static std::uint64_t base = 0;
    if (base != 0) return base;
    FILE* const maps = std::fopen("/proc/self/maps", "r");
    char line[4096];
    while (maps && base == 0 && std::fgets(line, sizeof line, maps)) {
        if (std::strstr(line, memory_path.c_str())) base = std::strtoull(line, nullptr, 16);
    }
    if (maps) std::fclose(maps);
    return base;
}

void watch_translations(qemu_plugin_id_t id);

// The code may have been changed meanwhile, so what was translated of it is thrown away.
void stop(std::atomic<ProbeState>& state) {
    state.store(ProbeState::Stopped);
    while (state.load() != ProbeState::GoOn) usleep(100);
    qemu_plugin_reset(own_id, watch_translations);
}

void stop_if_due(unsigned, void*) {
    if (control->state.load() != ProbeState::Running || control->instructions < control->stop_at) return;
    stop(control->state);
}

void stop_again_if_due(unsigned, void* place) {
    if (control->second.load() != ProbeState::Running || control->activations.load() == 0 ||
        control->counted - control->counted_before < control->second_after)
        return;
    control->second_place = reinterpret_cast<std::uint64_t>(place);
    control->second_at = control->instructions;
    stop(control->second);
}

void note_activation(unsigned, void*) {
    if (control->activations.fetch_add(1) != 0) return;
    control->activated_at = control->instructions;
    control->counted_before = control->counted;
}

// An address of the guest's memory; kMostMemory: the instruction is firmware's, or a device's.
std::uint64_t address_of(const qemu_plugin_insn* instruction) {
    const std::uint64_t base = memory_base();
    const auto host = reinterpret_cast<std::uint64_t>(qemu_plugin_insn_haddr(instruction));
    return base == 0 || host < base ? kMostMemory : std::min(host - base, kMostMemory);
}

void count_chosen(qemu_plugin_tb* block, std::size_t instructions) {
    const std::uint64_t begin = address_of(qemu_plugin_tb_get_insn(block, 0));
    if (!control->is_counted(begin)) return;
    if (control->second.load() == ProbeState::Running) {
        qemu_plugin_register_vcpu_tb_exec_cb(block, stop_again_if_due, QEMU_PLUGIN_CB_NO_REGS,
                                             reinterpret_cast<void*>(begin));
    }
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &control->counted, instructions);
}

void look_at_block(qemu_plugin_id_t, qemu_plugin_tb* block) {
    const std::size_t count = qemu_plugin_tb_n_insns(block);
    if (control->stop_at != 0 && control->state.load() == ProbeState::Running) {
        qemu_plugin_register_vcpu_tb_exec_cb(block, stop_if_due, QEMU_PLUGIN_CB_NO_REGS, nullptr);
    }
    qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &control->instructions, count);
    if (control->second_after != 0) count_chosen(block, count);
    for (std::size_t i = 0; i < count; ++i) {
        qemu_plugin_insn* const instruction = qemu_plugin_tb_get_insn(block, i);
        const std::uint64_t address = address_of(instruction);
        if (address == kMostMemory) continue;
        control->translated[address / 8] |= static_cast<std::uint8_t>(1 << address % 8);
        if (std::find(std::begin(control->watched), std::end(control->watched), address) !=
            std::end(control->watched)) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, note_activation, QEMU_PLUGIN_CB_NO_REGS, nullptr);
        }
    }
}

void watch_translations(qemu_plugin_id_t id) { qemu_plugin_register_vcpu_tb_trans_cb(id, look_at_block); }

}  // namespace

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t*, int count, char** arguments) {
    own_id = id;
    int file = -1;
    for (int i = 0; i < count; ++i) {
        const std::string argument = arguments[i];
        if (argument.starts_with("control=")) file = open(argument.c_str() + 8, O_RDWR | O_CLOEXEC);
        if (argument.starts_with("memory=")) memory_path = argument.substr(7);
    }
    void* const place =
        file < 0 ? MAP_FAILED : mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (place == MAP_FAILED || memory_path.empty()) return 1;
    control = static_cast<Control*>(place);
    watch_translations(id);
    return 0;
}
