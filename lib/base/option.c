#include "base/option.h"

#include <stdlib.h>

void wh_texts_free(struct wh_texts *texts)
{
    free(texts->items);
    *texts = (struct wh_texts){ 0 };
}

void wh_name_list_free(struct wh_name_list *list)
{
    free(list->names);
    free(list->text);
    *list = (struct wh_name_list){ 0 };
}
