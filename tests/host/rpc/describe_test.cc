// Interfaces as text, by the descriptors of the tests' schemas.
#include "interfaces.h"

#include <monitor/rpc/describe.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;

TEST_CASE("the fields of nested tables and the cases of unions are shown, each table once") {
    const std::string bytes = read_interfaces();
    const monitor::Catalogue catalogue = open(bytes);
    const std::string leaf = "{id: uint, label: string max 16, color: Red|Green|Blue = Green}";
    CHECK(monitor::record_text(catalogue, "eft.test.nested.Leaf") == leaf);
    CHECK(monitor::record_text(catalogue, "eft.test.nested.Parcel").starts_with("{must: " + leaf + ", required, cargo: {Leaf: Leaf} | {Note: {text: string max 64}} | {Tree: {small: ubyte = 5, "));
    const std::string tree = monitor::record_text(catalogue, "eft.test.nested.Tree");
    CHECK_MESSAGE(tree.find("leaf: " + leaf + ", leaves: [Leaf] max 10, cargo: {Leaf: Leaf} | {Note: {text: string max 64}} | {Tree: Tree}, children: [Tree] max 4}") != std::string::npos, tree);
    CHECK(monitor::record_text(catalogue, "eft.test.nested.Nothing") == "Nothing");
}
