/* check.h - the smallest test kit: each check prints only when it fails; the count is the exit status. */
#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>

static int checks_done, checks_failed;

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        checks_done++;                                                                        \
        if (!(condition)) {                                                                   \
            checks_failed++;                                                                  \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);         \
        }                                                                                     \
    } while (0)

#define CHECK_EQUAL(left, right)                                                              \
    do {                                                                                      \
        long long left_ = (long long)(left), right_ = (long long)(right);                     \
        checks_done++;                                                                        \
        if (left_ != right_) {                                                                \
            checks_failed++;                                                                  \
            fprintf(stderr, "%s:%d: %s is %lld, %s is %lld\n", __FILE__, __LINE__, #left, left_, #right, right_); \
        }                                                                                     \
    } while (0)

static inline int check_report(const char *name)
{
    printf("%-16s %5d checks, %d failed\n", name, checks_done, checks_failed);
    return checks_failed != 0;
}
#endif
