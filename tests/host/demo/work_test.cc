// What the demo takes for right, and that it notices what is not.
#include <work.h>

#include <doctest/doctest.h>

using namespace eft::demo;

namespace {

struct Case {
    Work work{{{.name = "file", .command = "sha256sum /f", .line = "1234  /f", .mark = "  /f"},
               {.name = "download", .command = "fetch --sum http://h/", .line = "1234  http://h/  9 bytes", .mark = "  http://h/"}}};

    // One that is wrong is among the news, and stays so.
    void check_wrong(std::string_view console) {
        bool told = false;
        for (const News& news : work.take(console)) told = told || !news.is_right;
        CHECK(told);
        CHECK(!work.is_right());
        work.take("1234  /f\n1234  http://h/  9 bytes\n{\"value\": 1}\n");
        CHECK(!work.is_right());
    }
};

}  // namespace

TEST_CASE_FIXTURE(Case, "each is begun again when it has ended, and all is right when all has ended") {
    CHECK(work.commands() == "rpc counter Add '{\"amount\": 1}' & sha256sum /f & fetch --sum http://h/ & ");
    CHECK(!work.is_right());
    CHECK(work.commands() == "rpc counter Add '{\"amount\": 1}' & ");
    // As it comes: in pieces, behind a prompt or the begin of an answer, the counter's values in any order.
    CHECK(work.take("\x10(12").empty());
    const auto news = work.take("34  /f\n{\"value\": 2}\neft> {\"value\": 1}\n");
    REQUIRE(news.size() == 1);
    CHECK(news[0].is_right);
    CHECK(news[0].subject == "file");
    CHECK(news[0].text == "sum 1");
    CHECK(!work.is_right());
    CHECK(work.take("1234  http://h/  9 bytes\n").size() == 1);
    CHECK(work.is_right());
    CHECK(work.commands() == "rpc counter Add '{\"amount\": 1}' & sha256sum /f & fetch --sum http://h/ & ");
    CHECK(!work.is_right());
}

TEST_CASE_FIXTURE(Case, "a wrong sum, a short download, an error, a complaint about an order") {
    for (const char* const line : {"1235  /f\n", "1234  http://h/  8 bytes\n", "sha256sum: /f: not found\n", "fetch: h: connection reset\n", "service: ext2: service held\n", "rpc: counter: service failed\n"}) {
        CAPTURE(line);
        Case each;
        each.work.commands();
        each.check_wrong(line);
    }
}

TEST_CASE_FIXTURE(Case, "an increment that is counted twice, or was not asked for, or is not answered") {
    work.commands();
    for (const char* const line : {"{\"value\": 2}\n", "{\"value\": 0}\n", "{\"value\": 1}\n{\"value\": 1}\n"}) {
        CAPTURE(line);
        Case each;
        each.work.commands();
        each.check_wrong(line);
    }
    work.take("1234  /f\n1234  http://h/  9 bytes\n");
    CHECK(!work.is_right());
    CHECK(work.table() == "file        1 times, each time with the host's sum\n"
                          "download    1 times, each time with the host's sum\n"
                          "counter     1 times, but only 0 answers\n");
}
