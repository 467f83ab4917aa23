#include "state_check.h"

#include <manifest_generated.h>

#include <linux/elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace eft::archive {
namespace {

constexpr std::uint64_t kPageSize = 4096;  // rs rounds up to pages

// What lies at `offset`, if that is inside.
template <class T>
std::optional<T> at(std::string_view bytes, std::uint64_t offset) {
    T value;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

// As <eft/state_memory.h> lays it out.
struct StateNote {
    Elf64_Nhdr header;
    char owner[4];
    std::uint32_t bytes[2];  // low half first: a note is aligned to four bytes
};
static_assert(sizeof(StateNote) == 24);

std::uint64_t largest_of(std::string_view notes) {
    std::uint64_t largest = 0;
    for (std::uint64_t offset = 0; const auto note = at<StateNote>(notes, offset); offset += sizeof(StateNote)) {
        if (note->header.n_type != 1 || std::string_view(note->owner, 3) != "Eft") break;
        largest = std::max(largest, std::uint64_t{note->bytes[1]} << 32 | note->bytes[0]);
    }
    return largest;
}

const NewcFile* find(const std::vector<NewcFile>& files, std::string_view name) {
    const auto found = std::find_if(files.begin(), files.end(), [&](const NewcFile& file) { return file.name == name; });
    return found == files.end() ? nullptr : &*found;
}

}  // namespace

std::uint64_t noted_state_bytes(std::string_view program) {
    const auto header = at<Elf64_Ehdr>(program, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return 0;
    const auto section = [&](unsigned index) { return at<Elf64_Shdr>(program, header->e_shoff + index * sizeof(Elf64_Shdr)); };
    const auto contents = [&](const Elf64_Shdr& of) {
        return of.sh_offset > program.size() ? std::string_view() : program.substr(of.sh_offset, of.sh_size);
    };
    const auto names = section(header->e_shstrndx);
    if (!names) return 0;
    for (unsigned index = 0; index < header->e_shnum; ++index) {
        const auto each = section(index);
        if (!each || each->sh_type != SHT_NOTE || each->sh_name >= contents(*names).size()) continue;
        if (contents(*names).substr(each->sh_name).starts_with(std::string_view(".note.eft.state", 16))) return largest_of(contents(*each));
    }
    return 0;
}

std::vector<std::string> state_complaints(const std::vector<NewcFile>& files) {
    const NewcFile* file = find(files, "manifest");
    if (!file) return {};
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(file->data.data()), file->data.size());
    if (!manifest::VerifyManifestBuffer(verifier)) return {};  // rs says what is wrong with it

    std::vector<std::string> complaints;
    for (const manifest::Service* service : *manifest::GetManifest(file->data.data())->services()) {
        const NewcFile* program = find(files, (service->program() ? service->program() : service->name())->string_view());
        if (!program) continue;
        const auto pages = [](std::uint64_t bytes) { return (bytes + kPageSize - 1) / kPageSize * kPageSize; };
        const std::uint64_t needed = noted_state_bytes(program->data), given = service->state_bytes();
        if (needed <= pages(given)) continue;
        complaints.push_back(service->name()->str() + ": its state takes " + std::to_string(needed) + " bytes, its entry in the manifest gives " +
                             std::to_string(given) + ": write \"state_bytes\": " + std::to_string(pages(needed)));
    }
    return complaints;
}

}  // namespace eft::archive
