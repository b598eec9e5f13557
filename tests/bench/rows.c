/*
 * Rows to measure with, the same on every machine: rows KIND COUNT
 *
 *   orders-ndjson, orders-csv   orders of a shop, 11 columns, some of them untidy
 *   numbers-ndjson              a label of -1 or 1 that depends on 10 numbers
 *
 * and, to learn from, CSV with the label y last:
 *
 *   rings-csv                   two classes, ring within ring, every tenth label wrong
 *   drift-csv                   two classes whose border jumps every 5,000 rows, likewise (after
 *                               the SEA concepts: Street and Kim, KDD 2001)
 *   spread-csv                  a number; columns from thousandths to thousands, and noise that
 *                               grows with some of them
 *   plans-csv                   three classes; strings that work together with numbers, and nulls
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

/* Between 0 and 1. */
static double part(uint64_t row, uint64_t column)
{
    return (double)(value(row, column) % 1000000) / 1e6;
}

/* Nearly normal, mean 0, deviation 1: the sum of twelve parts; uses columns 20 and on. */
static double noise(uint64_t row)
{
    double sum = -6;
    for (uint64_t column = 20; column < 32; column++)
        sum += part(row, column);
    return sum;
}

static int mostly(uint64_t row, int label)
{
    return value(row, 33) % 10 == 0 ? !label : label;
}

static void rings_csv(uint64_t row)
{
    if (row == 0)
        puts("east,north,size,y");
    double east = 2 * part(row, 0) - 1;
    double north = 2 * part(row, 1) - 1;
    int ring = (int)(4 * (east * east + north * north));
    printf("%.4f,%.4f,%u,%d\n", east, north, (unsigned)(value(row, 2) % 1000),
           mostly(row, ring % 2));
}

static void drift_csv(uint64_t row)
{
    static const double borders[4] = {8, 9, 7, 9.5};
    if (row == 0)
        puts("a,b,c,y");
    double a = 10 * part(row, 0);
    double b = 10 * part(row, 1);
    printf("%.4f,%.4f,%.4f,%d\n", a, b, 10 * part(row, 2),
           mostly(row, a + b <= borders[row / 5000 % 4]));
}

static void spread_csv(uint64_t row)
{
    if (row == 0)
        puts("age,income,share,fine,member,y");
    double age = 20 + 60 * part(row, 0);
    double income = 5000 * part(row, 1) * part(row, 2);
    double share = part(row, 3);
    int member = (int)(value(row, 4) % 2);
    double mean = 200 + 2 * age + income / 20 + 100 * share;
    double deviation = 2 + 60 * share * member + income / 30;
    printf("%.1f,%.2f,%.3f,%.6f,%d,%.3f\n", age, income, share, part(row, 5) / 1000, member,
           mean + deviation * noise(row));
}

static void plans_csv(uint64_t row)
{
    if (row == 0)
        puts("city,channel,quantity,price,discount,y");
    struct order order = order_of(row);
    int near = value(row, 7) % 10 < 5;
    double liking = (near ? 0.5 : -0.5) * (order.quantity - 5.0) + order.price / 20000.0;
    if (strcmp(order.channel, "shop") == 0)
        liking -= 2;
    char discount[16] = "";
    if (order.discount < 25)
        snprintf(discount, sizeof discount, "0.%02u", order.discount);
    liking += *discount ? order.discount / 15.0 : 2;
    liking += noise(row) / 2;
    printf("%s,%s,%u,%u.%02u,%s,%s\n", order.city, order.channel, order.quantity,
           order.price / 100, order.price % 100, discount,
           liking < 0.5 ? "free" : liking < 2 ? "basic" : "plus");
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
        {"rings-csv", rings_csv},
        {"drift-csv", drift_csv},
        {"spread-csv", spread_csv},
        {"plans-csv", plans_csv},
    };
    for (size_t kind = 0; argc == 3 && kind < sizeof kinds / sizeof *kinds; kind++) {
        if (strcmp(argv[1], kinds[kind].name) != 0)
            continue;
        uint64_t count = strtoull(argv[2], NULL, 10);
        for (uint64_t row = 0; row < count; row++)
            kinds[kind].print(row);
        return ferror(stdout) || fclose(stdout) ? 1 : 0;
    }
    fputs("usage: rows KIND COUNT, KIND one of", stderr);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        fprintf(stderr, " %s", kinds[kind].name);
    fputc('\n', stderr);
    return 2;
}
