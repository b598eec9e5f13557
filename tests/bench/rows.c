/*
 * Rows to measure with, the same on every machine: rows KIND COUNT
 *
 *   orders-ndjson, orders-csv   orders of a shop, 11 columns, some of them untidy
 *   numbers-ndjson              a label of -1 or 1 that depends on 10 numbers
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The n-th value of a column: a hash (splitmix64) of both, so that no state is carried along. */
static uint64_t value(uint64_t row, uint64_t column)
{
    uint64_t z = row * 64 + column + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct order {
    unsigned customer, quantity, price, discount, day, second;
    const char *city, *channel, *plan, *note;
    unsigned returned;
};

static struct order order_of(uint64_t row)
{
    static const char *const cities[] = {"Lagos",   " lagos", "Accra", "ACCRA ", "Nairobi",
                                         "nairobi", "Cairo",  "Tunis", "Dakar",  "Kigali"};
    static const char *const channels[] = {"web", "Web", "app", "shop", " app"};
    static const char *const plans[] = {"free", "basic", "plus"};
    static const char *const notes[] = {"", "gift wrap, please", "leave at the door",
                                        "call before you come", "second try"};
    return (struct order){
        .customer = (unsigned)(value(row, 1) % 20000),
        .quantity = (unsigned)(value(row, 2) % 9) + 1,
        .price = (unsigned)(value(row, 3) % 20000) + 99,
        .discount = (unsigned)(value(row, 4) % 31),
        .day = (unsigned)(value(row, 5) % 28) + 1,
        .second = (unsigned)(value(row, 6) % 86400),
        .city = cities[value(row, 7) % 10],
        .channel = channels[value(row, 8) % 5],
        .plan = plans[value(row, 9) % 3],
        .note = notes[value(row, 10) % 5],
        .returned = value(row, 11) % 100 < 18,
    };
}

static void order_ndjson(uint64_t row)
{
    struct order order = order_of(row);
    char discount[16] = "null";
    if (order.discount < 25)
        snprintf(discount, sizeof discount, "0.%02u", order.discount);
    printf("{\"order_id\":%llu,\"customer_id\":%u,\"ordered_at\":\"2024-03-%02uT%02u:%02u:%02uZ\","
           "\"city\":\"%s\",\"channel\":\"%s\",\"plan\":\"%s\",\"quantity\":%u,\"price\":%u.%02u,"
           "\"discount\":%s,\"note\":\"%s\",\"returned\":%s}\n",
           (unsigned long long)row + 1, order.customer, order.day, order.second / 3600,
           order.second / 60 % 60, order.second % 60, order.city, order.channel, order.plan,
           order.quantity, order.price / 100, order.price % 100, discount, order.note,
           order.returned ? "true" : "false");
}

static void order_csv(uint64_t row)
{
    if (row == 0)
        puts("order_id,customer_id,ordered_at,city,channel,plan,quantity,price,discount,note,"
             "returned");
    struct order order = order_of(row);
    char discount[16] = "";
    if (order.discount < 25)
        snprintf(discount, sizeof discount, "0.%02u", order.discount);
    const char *quote = strchr(order.note, ',') ? "\"" : "";
    printf("%llu,%u,2024-03-%02uT%02u:%02u:%02uZ,%s,%s,%s,%u,%u.%02u,%s,%s%s%s,%u\n",
           (unsigned long long)row + 1, order.customer, order.day, order.second / 3600,
           order.second / 60 % 60, order.second % 60, order.city, order.channel, order.plan,
           order.quantity, order.price / 100, order.price % 100, discount, quote, order.note,
           quote, order.returned);
}

static void numbers_ndjson(uint64_t row)
{
    static const double weights[10] = {1.5, -1, 0.7, 0, 0.3, -0.4, 0, 2, -0.1, 0.6};
    double numbers[10];
    double margin = (double)(value(row, 11) % 2000) / 1000 - 1;
    for (uint64_t i = 0; i < 10; i++) {
        numbers[i] = (double)(value(row, i) % 20001) / 10000 - 1;
        margin += weights[i] * numbers[i];
    }
    printf("{\"_label\":%d", margin > 0 ? 1 : -1);
    for (int i = 0; i < 10; i++)
        printf(",\"x%d\":%.4f", i, numbers[i]);
    puts("}");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(uint64_t row);
    } kinds[] = {
        {"orders-ndjson", order_ndjson},
        {"orders-csv", order_csv},
        {"numbers-ndjson", numbers_ndjson},
    };
    for (size_t kind = 0; argc == 3 && kind < sizeof kinds / sizeof *kinds; kind++) {
        if (strcmp(argv[1], kinds[kind].name) != 0)
            continue;
        uint64_t count = strtoull(argv[2], NULL, 10);
        for (uint64_t row = 0; row < count; row++)
            kinds[kind].print(row);
        return ferror(stdout) || fclose(stdout) ? 1 : 0;
    }
    fprintf(stderr, "usage: rows orders-ndjson|orders-csv|numbers-ndjson COUNT\n");
    return 2;
}
