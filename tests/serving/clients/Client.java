// Puts the requests of a script (tests/serving/clients/script.py) with the JDK's own client, as it is.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

public class Client {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (String line : Files.readAllLines(Path.of(arguments[1]))) {
            String[] step = line.split("\t", -1);
            byte[] body = Base64.getDecoder().decode(step[4]);
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(arguments[0] + step[2]));
            request.method(step[1], body.length == 0
                ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofByteArray(body));
            for (String header : step[3].split("\\|")) {
                if (!header.isEmpty()) {
                    String[] pair = header.split(": ", 2);
                    request.header(pair[0], pair[1]);
                }
            }
            HttpResponse<byte[]> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            System.out.println(step[0] + "\t" + answer.statusCode() + "\t"
                + Base64.getEncoder().encodeToString(answer.body()));
        }
    }
}
