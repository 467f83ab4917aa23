#include <doctest/doctest.h>

#include <eft/archive.h>

#include <images/archive/newc.h>

#include <random>
#include <string>

using namespace eft;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string sample() {
    archive::NewcWriter writer;
    writer.add("root", std::string(5000, 'r'));
    writer.add("mem", "the second");
    writer.add("rooted", "longer");
    writer.add("empty", "");
    return std::move(writer).finish();
}

}  // namespace

TEST_CASE("files are found by their whole name, on page boundaries") {
    const std::string archive = sample();
    CHECK(find_in_archive(bytes_of(archive), "root")->size() == 5000);
    CHECK(text_of(*find_in_archive(bytes_of(archive), "mem")) == "the second");
    CHECK(text_of(*find_in_archive(bytes_of(archive), "rooted")) == "longer");
    CHECK(find_in_archive(bytes_of(archive), "empty")->empty());
    CHECK((find_in_archive(bytes_of(archive), "mem")->data() - bytes_of(archive).data()) % 4096 == 0);
    for (const char* absent : {"", "roo", "rooter", "TRAILER!!!", "Mem"})
        CHECK(find_in_archive(bytes_of(archive), absent).error() == Error::NotFound);
}

TEST_CASE("a damaged archive is an error, and nothing outside of it is read") {
    const std::string archive = sample();
    CHECK(find_in_archive({}, "mem").error() == Error::NotFound);
    std::string wrong = archive;
    wrong[0] = '1';
    CHECK(find_in_archive(bytes_of(wrong), "mem").error() == Error::BadFormat);
    wrong = archive;
    wrong.replace(54, 8, "FFFFFFFF");
    CHECK(find_in_archive(bytes_of(wrong), "mem").error() == Error::BadFormat);
    wrong = archive;
    wrong.replace(94, 8, "FFFFFFFF");
    CHECK(find_in_archive(bytes_of(wrong), "mem").error() == Error::BadFormat);
    wrong = archive;
    wrong[60] = 'g';
    CHECK(find_in_archive(bytes_of(wrong), "mem").error() == Error::BadFormat);

    std::mt19937 random(5);
    for (int round = 0; round < 3000; ++round) {
        std::string damaged = archive.substr(0, random() % 3 == 0 ? random() % archive.size() : archive.size());
        for (int i = 0; i < 4 && !damaged.empty(); ++i)
            damaged[random() % std::min<std::size_t>(damaged.size(), 110)] = "0123456789ABCDEF"[random() % 16];
        const std::vector<char> exact(damaged.begin(), damaged.end());  // the sanitizer watches its end
        const auto found = find_in_archive(bytes_of({exact.data(), exact.size()}), "empty");
        if (found.ok()) CHECK(found->size() <= exact.size());
    }
}
