// The registers of the 16550, by the PC16550D data sheet: see uart_16550.h.
#include <devices/uart_16550.h>

namespace eft::test {

void Uart16550::type(std::string_view text) {
    for (const char c : text) {
        if (incoming.size() == kFifoDepth) errors |= 2;
        else incoming.push_back(static_cast<u8>(c));
    }
    update();
}

void Uart16550::send_all() {
    const bool was_busy = !sending.empty();
    for (const u8 byte : sending) wire += static_cast<char>(byte);
    sending.clear();
    if (was_busy) holding_empty_pending_ = true;
    update();
}

void Uart16550::update() {
    const bool level = ((interrupt_enable & 1) && !incoming.empty()) || ((interrupt_enable & 4) && errors) ||
                       ((interrupt_enable & 2) && holding_empty_pending_);
    if (level && !line) ++edges;
    line = level;
}

u64 Uart16550::read(u64 offset, unsigned width) {
    if (absent || width != 1) return ~u64{0};
    if (divisor_selected() && offset < 2) return divisor[offset];
    u8 value = 0;
    switch (offset) {
        case 0:
            if (endless) return 'x';
            if (!incoming.empty()) value = incoming.front(), incoming.pop_front();
            break;
        case 1: value = interrupt_enable; break;
        case 2:
            if ((interrupt_enable & 4) && errors) value = 6;
            else if ((interrupt_enable & 1) && !incoming.empty()) value = 4;
            else if ((interrupt_enable & 2) && holding_empty_pending_) value = 2, holding_empty_pending_ = false;
            else value = 1;
            break;
        case 3: value = line_control; break;
        case 5:
            value = static_cast<u8>((incoming.empty() && !endless ? 0 : 1) | errors | (sending.empty() ? 0x60 : 0));
            errors = 0;
            break;
        case 7: value = scratch; break;
    }
    update();
    return value;
}

void Uart16550::write(u64 offset, unsigned width, u64 word) {
    if (absent || width != 1) return;
    const u8 value = static_cast<u8>(word);
    if (divisor_selected() && offset < 2) {
        ++divisor_writes;
        divisor[offset] = value;
        return;
    }
    switch (offset) {
        case 0:
            if (sending.size() == kFifoDepth) {
                ++lost_bytes;
                break;
            }
            sending.push_back(value);
            holding_empty_pending_ = false;
            if (sends_at_once) send_all();
            break;
        case 1:
            if ((value & 2) && !(interrupt_enable & 2) && sending.empty()) holding_empty_pending_ = true;
            interrupt_enable = value;
            break;
        case 2:
            if ((value ^ fifo_control) & 1) incoming.clear();
            if (value & 2) incoming.clear();
            if (value & 4) sending.clear();
            fifo_control = value;
            break;
        case 3: line_control = value; break;
        case 4: modem_control = value; break;
        case 7: scratch = value; break;
    }
    update();
}

}  // namespace eft::test
