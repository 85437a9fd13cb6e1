"""The whole of compose.yaml as processes of this machine: ``just stack``.

It stands with the tests, as its broker and its S3 are theirs; the product never imports it.
"""
