#include "program.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace eft;
using test::ElfProgram;

TEST_CASE("a static program is read as it is") {
    ElfProgram program;
    const auto file = program.file();
    const auto elf = parse_elf(file);
    REQUIRE(elf.ok());
    CHECK(elf->entry() == 0x40'0010);
    REQUIRE(elf->segments().size() == 2);
    const ElfSegment& text = elf->segments()[0];
    CHECK(text.rights == (FrameRight::Read | FrameRight::Execute));
    CHECK(text.contents.data() == file.data() + 0x1000);
    const ElfSegment& data = elf->segments()[1];
    CHECK(data.rights == (FrameRight::Read | FrameRight::Write));
    CHECK(data.memory_bytes == 0x4000);
    CHECK(data.contents.size() == 0x123);
}

TEST_CASE("pages of a segment are copied where they lie") {
    ElfProgram program;
    program.segments[0].virtual_address = 0x40'0234;
    program.header.entry = 0x40'0300;
    const auto file = program.file();
    const auto elf = parse_elf(file);
    REQUIRE(elf.ok());
    const ElfSegment& text = elf->segments()[0];
    std::vector<std::byte> page(kPageSize, std::byte{0xee});
    copy_segment_page(text, 0x40'0000, page.data());
    CHECK(page[0x233] == std::byte{0xee});
    CHECK(std::equal(page.begin() + 0x234, page.end(), file.begin() + 0x1000));
    std::ranges::fill(page, std::byte{0xee});
    copy_segment_page(text, 0x40'1000, page.data());
    CHECK(std::equal(page.begin(), page.begin() + 0xa34, file.begin() + 0x1000 + 0xdcc));
    CHECK(page[0xa34] == std::byte{0xee});
    std::ranges::fill(page, std::byte{0xee});
    copy_segment_page(text, 0x40'2000, page.data());
    CHECK(std::ranges::all_of(page, [](std::byte b) { return b == std::byte{0xee}; }));
}

TEST_CASE("programs that are refused") {
    const auto refused = [](auto change) {
        ElfProgram program;
        change(program);
        const auto file = program.file();
        return parse_elf(file).error() == Error::BadFormat;
    };
    CHECK(!refused([](ElfProgram&) {}));
    CHECK(refused([](ElfProgram& p) { p.header.identification[1] = 'X'; }));
    CHECK(refused([](ElfProgram& p) { p.header.identification[4] = 1; }));  // 32 bits
    CHECK(refused([](ElfProgram& p) { p.header.type = 3; }));               // position-independent
    CHECK(refused([](ElfProgram& p) { p.header.machine = 183; }));          // another machine
    CHECK(refused([](ElfProgram& p) { p.header.program_header_size = 32; }));
    CHECK(refused([](ElfProgram& p) { p.header.program_headers = ~u64{0} - 10; }));
    CHECK(refused([](ElfProgram& p) { p.header.program_headers = p.file().size() - 20; }));
    CHECK(refused([](ElfProgram& p) { p.segments.clear(); }));
    CHECK(refused([](ElfProgram& p) { p.header.entry = 0x40'3000; }));  // not in code
    CHECK(refused([](ElfProgram& p) { p.header.entry = 0x40'1800; }));  // just behind it
    CHECK(refused([](ElfProgram& p) { p.segments[0].flags = 7; }));     // writable code
    CHECK(refused([](ElfProgram& p) { p.segments[1].type = 3; }));      // wants an interpreter
    CHECK(refused([](ElfProgram& p) { p.segments[1].type = 2; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].file_size = 0x4001; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].offset = 0x4000; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].offset = ~u64{0} - 0x10; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].memory_size = ~u64{0}; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].virtual_address = 0x3f'f000; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].virtual_address = layout::kImageLimit - 0x1000; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].virtual_address = ~u64{0} - 0xfff; }));
    CHECK(refused([](ElfProgram& p) { p.segments[1].virtual_address = 0x40'1f00; }));  // shares a page with code
    CHECK(refused([](ElfProgram& p) {
        for (int i = 0; i < 8; ++i) p.add(4, 0x1000, 0x50'0000 + u64(i) * 0x1000, 16, 16);
    }));
}

TEST_CASE("whatever the bytes are, nothing outside of them is read") {
    std::mt19937 random(11);
    unsigned good = 0;
    for (int round = 0; round < 20000; ++round) {
        ElfProgram program;
        auto file = program.file();
        for (unsigned changes = 1 + random() % 6; changes != 0; --changes)
            file[random() % 184] = static_cast<std::byte>(random());
        if (random() % 4 == 0) file.resize(random() % file.size());
        const std::vector<std::byte> exact(file.begin(), file.end());  // the sanitizer watches its end
        const auto elf = parse_elf(exact);
        if (!elf.ok()) continue;
        ++good;
        std::vector<std::byte> page(kPageSize);
        for (const ElfSegment& segment : elf->segments()) {
            REQUIRE(segment.address >= layout::kImageBase);
            REQUIRE(segment.address + segment.memory_bytes <= layout::kImageLimit);
            for (u64 at = page_down(segment.address); at < segment.address + segment.contents.size(); at += kPageSize)
                copy_segment_page(segment, at, page.data());
        }
    }
    CHECK(good > 100);
}

TEST_CASE("a section is found by its whole name, and a damaged file has none that lies outside it") {
    constexpr char kNames[] = "\0.note\0.note.more";
    elf_format::Header header{};
    std::memcpy(header.identification, elf_format::kIdentification, sizeof elf_format::kIdentification);
    header.section_headers = sizeof header;
    header.section_header_count = 3;
    elf_format::SectionHeader sections[3] = {};
    sections[0].offset = sizeof header + sizeof sections;
    sections[0].size = sizeof kNames;
    sections[1].name = 7, sections[1].offset = sections[0].offset, sections[1].size = 3;
    sections[2].name = 1, sections[2].offset = sections[0].offset + 1, sections[2].size = 5;
    std::vector<std::byte> file(sizeof header + sizeof sections + sizeof kNames);
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, sections, sizeof sections);
    std::memcpy(file.data() + sizeof header + sizeof sections, kNames, sizeof kNames);
    const auto text_of = [](std::span<const std::byte> found) { return std::string(reinterpret_cast<const char*>(found.data()), found.size()); };
    CHECK(text_of(find_section(file, ".note")) == ".note");
    CHECK(find_section(file, ".note.more").size() == 3);
    CHECK(find_section(file, ".not").empty());
    CHECK(find_section(file, ".note.").empty());
    std::mt19937 random(5);
    for (std::size_t length = 0; length < file.size(); ++length) {
        std::vector<std::byte> damaged(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length));
        for (unsigned round = 0; round < 20; ++round) {
            const auto found = find_section(damaged, ".note");
            const bool inside = found.empty() || (found.data() >= damaged.data() && found.data() + found.size() <= damaged.data() + damaged.size());
            REQUIRE(inside);
            if (!damaged.empty()) damaged[random() % damaged.size()] = static_cast<std::byte>(random());
        }
    }
}
