"""How much of everything the site takes: `settings.GLIMPSE_LIMITS`."""

MEGABYTE = 1024 * 1024

LIMITS: dict[str, int] = {
    "picture_bytes": 20 * MEGABYTE,
    "picture_pixels": 50_000_000,
    "stored_side": 1024,
    "thumbnail_side": 256,
    "pictures_per_class": 200,
    "classes": 100,
    "support_sets": 500,  # of one owner
    "class_name_length": 64,
    "files_per_request": 1000,
    "request_pixels": 1_000_000_000,  # of all pictures of a request: 80 photos of 12 megapixels
    "uploads_at_once": 4,  # of one owner, on their way in one web process
    "quick_pixels": 16_000_000,  # a picture of more is decoded apart from the others
    "decoding_ms_per_minute": 30_000,  # of a processor, for the pictures of one owner: some 300 photos
    "decoding_kilopixels_per_minute": 4_000_000,
    "import_slice_seconds": 5,  # after which an import gives way to another person's
    "import_seconds": 3600,  # the longest that one zip may be worked on, all slices together
    "queries_per_prediction": 50,
    "request_bytes": 1 * MEGABYTE,  # at every address but those of uploads
    "upload_bytes": 1024 * MEGABYTE,
    "dataset_upload_bytes": 2112 * MEGABYTE,
    "zip_bytes": 500 * MEGABYTE,
    "zip_entries": 20_000,
    "owner_bytes": 500 * MEGABYTE,
    "guest_bytes": 100 * MEGABYTE,
    "active_jobs": 4,  # of one owner in one queue, waiting or running
    "zip_unpacked_bytes": 2048 * MEGABYTE,
    "uploads_per_minute": 60,
    "predictions_per_minute": 300,
    "face_questions_per_minute": 60,
    "face_photos_at_once": 10,  # to remember one person by
    "face_people": 500,  # in one gallery
    "gallery_faces": 10_000,
    "face_answer_seconds": 600,  # the longest that an answer, or a photo without one, is kept
    "face_consent_days": 30,
    "decode_seconds": 20,  # of a processor, the most that one picture may take
    "decode_wall_seconds": 120,  # the longest that one picture may take, on however busy a machine
    "decoder_bytes": 1024 * MEGABYTE,  # the most memory that the helper process may ask for
    "import_memory_bytes": 4096 * MEGABYTE,  # the most that trying a checkpoint's zip may ask for
    "dataset_zip_bytes": 2048 * MEGABYTE,
    "dataset_entries": 200_000,
    "dataset_classes": 10_000,
    "dataset_unpacked_bytes": 8192 * MEGABYTE,
    "dataset_side": 448,
    "free_disk_bytes": 500 * MEGABYTE,  # what training leaves free on the disk of the data folder
    "free_disk_bytes_of_guests": 1024 * MEGABYTE,  # free beyond that, or guests upload nothing
    "guests_per_hour": 60,  # new ones from one address, as of a school class
    "copies_bytes": 16384 * MEGABYTE,  # of archives and checkpoints that a storage keeps elsewhere
    "tokens": 20,  # of one owner
    "wrong_passwords_per_name_and_address": 5,  # in 15 minutes, as all wrong passwords
    "wrong_passwords_per_name": 20,  # from anywhere, but for browsers that signed in with it before
    "wrong_passwords_per_device": 10,  # of such a browser
    "wrong_passwords_per_address": 50,  # a school may have one address
    "wrong_own_passwords": 5,  # where somebody who is signed in is asked again
    "wrong_tokens_per_address": 300,
    "sign_ups_per_address": 60,  # tries in an hour, as those below
    "resets_per_address": 30,
    "letters_per_mail_address": 3,
    "copies_per_owner": 5,
    "copies_at_once": 64,  # in one web process, each of another owner: more than one network brings guests in an hour
    "copy_seconds": 3600,  # until a copy is broken off
    "decoder_idle_seconds": 10,  # how long the helper stays up with nothing to do
    # Of strangers, in each web process; an address is an IPv4 one, or the /64 of an IPv6 one
    "header_seconds": 10,  # for the headers of a request, and between two requests of a connection
    "transfer_seconds": 30,  # for a body, or for a portion of an answer, besides its bytes at the pace below
    "transfer_bytes_per_second": 10_000,
    "transfers": 1024,  # bodies that are coming, and likewise answers that are going
    "transfers_of_address": 256,
    "bodies_bytes": 4096 * MEGABYTE,  # of requests that are not answered yet; uploads and others are counted apart
    "bodies_bytes_of_address": 1024 * MEGABYTE,
    "waiting_requests": 512,  # for a thread; pages and uploads are counted apart
    "waiting_requests_of_address": 128,
    "waiting_seconds": 120,
}
