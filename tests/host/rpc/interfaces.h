// The descriptors of all interfaces in the tree, those of tests included, and random values of their types.
#pragma once

#include <monitor/rpc/catalogue.h>
#include <monitor/rpc/message.h>

#include <random>
#include <string>

namespace eft::test {

// As the build has packed them.
std::string read_interfaces();
// The same, with every capability one to memory: the only kind that JSON can ask for.
std::string interfaces_with_memory();

inline monitor::Catalogue open(const std::string& bytes) {
    auto catalogue = monitor::Catalogue::open(std::as_bytes(std::span(bytes)));
    if (!catalogue.ok()) throw std::runtime_error("the descriptors cannot be read");
    return *catalogue;
}

using Random = std::mt19937_64;

// A value of every field, or now and then of none; extremes more often than their share.
std::string random_json(const monitor::Catalogue& catalogue, const descriptor::Record& record, Random& random);

inline bool same_words(const monitor::Message& a, const monitor::Message& b) {
    return a.word_count == b.word_count && a.cap_count == b.cap_count &&
           std::equal(a.words.begin(), a.words.begin() + a.word_count, b.words.begin());
}

}  // namespace eft::test
