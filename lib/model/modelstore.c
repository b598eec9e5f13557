#include "model/modelstore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/modelfile.h"
#include "pipe/store.h"

struct model_store {
    struct wh_store store;
    char *path;
};

static bool begins_as_gzip(const char *path)
{
    unsigned char magic[2] = { 0 };
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) /* opening a pipe could wait */
        return false;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool gzip = read(descriptor, magic, sizeof magic) == (ssize_t)sizeof magic
             && magic[0] == 0x1F && magic[1] == 0x8B;
    close(descriptor);
    return gzip;
}

static bool model_takes(const char *name)
{
    static const char ending[] = ".whm";
    size_t length = strlen(name), tail = strlen(ending);
    return (length > tail && strcmp(name + length - tail, ending) == 0) || begins_as_gzip(name);
}

static int model_read(struct wh_store *store, struct wh_checkpoint *checkpoint,
                      struct wh_error *error)
{
    return wh_model_checkpoint(((struct model_store *)store)->path, checkpoint, error);
}

static void model_close(struct wh_store *store)
{
    free(((struct model_store *)store)->path);
    free(store);
}

static struct wh_store *model_open(const char *name, const struct wh_notify *notify,
                                   struct wh_error *error)
{
    static const struct wh_store_ops ops = { model_read, model_close };
    (void)notify;
    (void)error;
    struct model_store *store = wh_alloc(1, sizeof *store);
    store->store.ops = &ops;
    store->path = wh_copy(name, strlen(name));
    return &store->store;
}

const struct wh_store_kind wh_model_store = { model_takes, model_open, true };
