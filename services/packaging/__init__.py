"""Pure: a training set becomes the lines of a training file, each with the lesson it came from."""
