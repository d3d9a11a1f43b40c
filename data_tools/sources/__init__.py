"""What users name, files, folders and archives → the members in it that hold samples."""
