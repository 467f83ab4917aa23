/* Which branches of the model a search has reached: each MARK is in the list of its section, executed or not, and the
   list is printed when the search ends. It is no part of the state. */
#pragma once
#include <stdio.h>
#include <stdlib.h>

struct Mark {
    const char* what;
    int* hit;
};

#define MARK(text)                                                                                               \
    do {                                                                                                         \
        static int hit;                                                                                          \
        static const struct Mark mark __attribute__((section("model_marks"), used, aligned(8))) = {text, &hit}; \
        hit = 1;                                                                                                 \
    } while (0)

extern const struct Mark __start_model_marks[], __stop_model_marks[];

static void print_marks(void) {
    const struct Mark* mark;
    for (mark = __start_model_marks; mark < __stop_model_marks; ++mark) printf("mark %d %s\n", *mark->hit, mark->what);
}

__attribute__((constructor)) static void print_marks_at_exit(void) { atexit(print_marks); }
